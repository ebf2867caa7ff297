# The image of the service and of the ingest job: weights, libraries and code, ready to run with no network.
#
#   docker build -t pageproof .
#   docker build -t pageproof:cuda --build-arg ACCELERATOR=cuda .     for an NVIDIA GPU
#   docker build -t pageproof --build-arg ENCODERS=all .              with torch, for encoders that OpenVINO does not run
#
# A change of the code rebuilds the last, small layers only; a change of a weight or of a locked library only its own
# stage. Needs BuildKit, and nothing newer than the Dockerfile syntax of Docker 20.10.

# Any image that has Python 3.11 as `python` and Debian's package manager. `make pin-base` adds its digest.
ARG BASE_IMAGE=python:3.11-slim-bookworm
# Accelerator of llama.cpp: cpu for none, or cuda (which takes an hour to compile, and needs Debian 12).
ARG ACCELERATOR=cpu

# Which text encoders run: default for plain BERT (the one of the catalogue, in OpenVINO); all for whatever
# sentence-transformers can open (RAG_ENCODER=folder), which takes about 1.1 GB more.
ARG ENCODERS=default

FROM ${BASE_IMAGE} AS base

FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_PROGRESS_BAR=off PIP_ROOT_USER_ACTION=ignore


# --- Parts of the lock, each in its own file, so that a later stage is rebuilt only if *its* part changed. ------------
FROM base AS locks
WORKDIR /locks
COPY requirements.txt ./
# An entry of the lock begins with its name and ends with the line "# via".
RUN sed -n '/^llama-cpp-python==/,/# via/p' requirements.txt > llama.txt \
 && sed -En '/^(httpx|httpcore|h11|anyio|idna|certifi|typing-extensions)==/,/# via/p' requirements.txt > httpx.txt
# What is there for sentence-transformers and torch alone is left out of the default lock: the entries that only
# packages use which are left out themselves.
RUN printf '%s\n' \
    'import re, shutil' \
    'text = open("requirements.txt").read()' \
    'out = {"sentence-transformers", "torch"}' \
    'entries = {re.match(r"[a-z0-9._-]+", part)[0]: part for part in re.split(r"(?m)^(?=[a-z0-9])", text) if part}' \
    'users = {name: set(re.findall(r"(?m)^    #(?: via|  ) ([a-z0-9._-]+)", part)) for name, part in entries.items()}' \
    'while (more := {name for name, by in users.items() if by and by <= out} - out):' \
    '    out |= more' \
    'open("requirements-default.txt", "w").write("".join(part for name, part in entries.items() if name not in out))' \
    'shutil.copy("requirements.txt", "requirements-all.txt")' \
    | python -


# --- llama.cpp, compiled for every generation of processors: slow, but only when its version changes. -----------------
FROM build AS compiler-cpu
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
 && apt-get update -qq && apt-get install -qq --yes --no-install-recommends g++ >/dev/null

# From NVIDIA's own packages: a compiler, the libraries to link with, and in /accelerator those needed at run time. The
# driver's libcuda.so.1 comes from the host.
FROM compiler-cpu AS compiler-cuda
ARG CUDA=12-8
ADD https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/cuda-keyring_1.1-1_all.deb /tmp/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
    dpkg --install /tmp/cuda-keyring_1.1-1_all.deb >/dev/null && apt-get update -qq \
 && apt-get install -qq --yes --no-install-recommends \
      cuda-nvcc-${CUDA} cuda-cudart-dev-${CUDA} cuda-driver-dev-${CUDA} libcublas-dev-${CUDA} >/dev/null \
 && mkdir /accelerator && cd /usr/local/cuda-${CUDA%-*}.${CUDA#*-}/lib64 \
 && cp libcudart.so.1? libcublas.so.1? libcublasLt.so.1? /accelerator/ \
 && ln -s /usr/local/cuda-${CUDA%-*}.${CUDA#*-}/bin/nvcc /usr/local/bin/nvcc
# scikit-build-core, which builds the wheel, adds these to CMAKE_ARGS.
ENV SKBUILD_CMAKE_ARGS=-DGGML_CUDA=ON

FROM compiler-${ACCELERATOR} AS llama
COPY --from=locks /locks/llama.txt /locks/
# Compiled for the building machine, it would crash on an older CPU and be slow on a newer one. So the kernels are built
# once for each generation of CPUs, as libggml-cpu-*.so, and the best one is chosen when the model is loaded.
#   CMAKE_INSTALL_*     puts those files beside libllama.so, which looks for them there; by default they go to bin/
#   LLAVA_BUILD, ...    images and HTTPS, which are not used here
#   --no-cache-dir      pip's cache identifies a wheel by its version and not by these options
RUN CMAKE_ARGS='-DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON \
      -DCMAKE_INSTALL_BINDIR=llama_cpp/lib -DCMAKE_INSTALL_LIBDIR=llama_cpp/lib \
      -DCMAKE_INSTALL_INCLUDEDIR=llama_cpp/include -DCMAKE_INSTALL_RPATH=$ORIGIN \
      -DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF' \
    pip wheel --no-cache-dir --no-deps --require-hashes -r /locks/llama.txt -w /wheels
RUN mkdir -p /accelerator


# --- All libraries, in a virtual environment that moves as one folder. ------------------------------------------------
FROM build AS libraries
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
ARG ENCODERS
# torch first, and alone, by digest: requirements-torch.txt says why. Its C++ headers and test programs (190 MB) stay
# behind.
COPY requirements-torch.txt /locks/
RUN --mount=type=cache,target=/root/.cache/pip \
    if [ "$ENCODERS" = all ]; then \
      pip install --quiet --no-deps --require-hashes -r /locks/requirements-torch.txt \
      && cd /opt/venv/lib/python3*/site-packages/torch \
      && rm -rf include test && find bin -type f ! -name torch_shm_manager -delete; \
    fi
COPY --from=llama /wheels /wheels
# A wheel holds no links, so each library is there three times, under three names; and what only compilers need.
# GCC 12 compiles ggml's AMX kernels into an illegal instruction (https://github.com/ggml-org/llama.cpp/pull/26954): the
# processors that have AMX take the next best ones, as libggml-cpu-sapphirerapids.so is left out.
RUN pip install --quiet --no-deps --no-index /wheels/*.whl \
 && cd /opt/venv/lib/python3*/site-packages/llama_cpp \
 && rm -rf include lib/cmake lib/pkgconfig lib/libllama-common* lib/libggml-cpu-*.so.* lib/libggml-cpu-sapphirerapids.so \
 && for library in lib/*.so; do for name in "$library".*; do test ! -e "$name" || ln -sf "${library#lib/}" "$name"; done; done
COPY --from=locks /locks/requirements-${ENCODERS}.txt /locks/requirements.txt
# --no-deps: the lock has all of them, and a package that asks for torch does not bring it back. Removed at the end is what
# nothing here loads (130 MB): OpenVINO's plugins for Intel's GPU and NPU and its readers of other formats, tools of
# onnxruntime, a second backend of zstandard, the transfer of a hub, and pip itself.
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --quiet --no-deps -r /locks/requirements.txt \
 && find /opt/venv/lib -type d -name tests -prune -exec rm -rf {} + \
 && cd /opt/venv/lib/python3*/site-packages \
 && rm -rf openvino/libs/libopenvino_intel_[gn]pu_plugin.so openvino/libs/cache.json openvino/libs/libopenvino_*_frontend.so.* \
      onnxruntime/transformers onnxruntime/tools onnxruntime/quantization zstandard/_cffi*.so hf_xet/*.so pip pip-*


# --- What the image has of Python packages, as an SBOM in CycloneDX: made from the lock that they are installed from. --
FROM build AS sbom
ARG ENCODERS
COPY requirements-tools.txt /locks/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --quiet --require-hashes -r /locks/requirements-tools.txt
COPY --from=locks /locks/requirements-${ENCODERS}.txt /locks/requirements.txt
RUN cyclonedx-py requirements --output-reproducible --output-format JSON --output-file /sbom.cdx.json /locks/requirements.txt


# --- The weights, by digest: fetched anew only when the catalogue asks for other ones. --------------------------------
FROM build AS weights
COPY --from=locks /locks/httpx.txt /locks/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --quiet --require-hashes -r /locks/httpx.txt
WORKDIR /fetch
COPY rag/__init__.py rag/errors.py rag/
COPY rag/models/__init__.py rag/models/
COPY rag/runtime/__init__.py rag/runtime/files.py rag/runtime/
COPY rag/models/weights rag/models/weights
# The store remembers a digest as long as its file's modification time is the same. A layer keeps whole seconds only, so
# the time is set to a whole second before the files are verified; otherwise each start would hash 1.3 GB.
RUN --mount=type=cache,target=/var/cache/pageproof printf '%s\n' \
    'import os, shutil' \
    'from pathlib import Path' \
    'from rag.models.weights.catalogue import Catalogue' \
    'from rag.models.weights.store import ModelStore' \
    'catalogue = Catalogue.load()' \
    'cache, image = (ModelStore(Path(p), catalogue) for p in ("/var/cache/pageproof", "/opt/pageproof/models"))' \
    'for entry in filter(lambda entry: entry.default, catalogue):' \
    '    shutil.copytree(cache.fetch(entry).directory, image.directory / entry.digest)' \
    '    for path in (image.directory / entry.digest).rglob("*"):' \
    '        os.utime(path, (0, 0))' \
    '    print(image.verify(entry))' \
    | python -


# --- The final image: no compiler, no pip cache, no root. -------------------------------------------------------------
FROM base AS service
# llama.cpp computes with OpenMP; scanned pages are read by Tesseract, with its English data; socat is the proxy of
# docker-compose.yml. /data/indexes and /data/records exist so that new volumes take over their owner.
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
 && apt-get update -qq && apt-get install -qq --yes --no-install-recommends libgomp1 libstdc++6 socat tesseract-ocr >/dev/null \
 && groupadd --gid 10001 pageproof \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin pageproof \
 && install -d -o pageproof -g pageproof /data/indexes \
 && install -d -o pageproof -g pageproof -m 700 /data/records
COPY --from=weights /opt/pageproof/models /opt/pageproof/models
COPY --from=libraries /opt/venv /opt/venv
# Libraries of the accelerator, where there is one.
COPY --from=llama /accelerator /usr/local/lib/
# The directory of tuning.json; a new volume takes over its owner.
RUN ldconfig && install -d -o pageproof -g pageproof /data/tuning
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    # No requests to model hubs and no telemetry (onnxruntime sends some to Microsoft unless it is disabled; openvino's, to
    # Google, is disabled by rag/runtime/native.py); caches of libraries go to /tmp, which can be written.
    HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 ORT_DISABLE_TELEMETRY=1 \
    HF_HOME=/tmp/huggingface \
    # How long a thread of OpenMP spins while it waits for the others. By default so long that, on a machine with other
    # work, llama.cpp writes 2 tokens/s instead of 16; where nothing else runs, this costs nothing.
    GOMP_SPINCOUNT=1000 \
    RAG_MODELS=/opt/pageproof/models \
    RAG_INDEX=/data/indexes \
    RAG_TUNING=/data/tuning \
    # All addresses of the container; which ports the host publishes is decided when it is run.
    RAG_HOST=0.0.0.0
WORKDIR /app
# For `rag doctor`, which compares the installed libraries with it.
COPY --from=libraries /locks/requirements.txt ./
COPY --from=sbom /sbom.cdx.json ./
COPY rag rag
COPY ingest ingest
COPY pageproof.py ./
RUN python -m compileall -q rag ingest pageproof.py
USER 10001:10001
EXPOSE 8000
# http.client, because urllib would use a proxy of the environment.
HEALTHCHECK --interval=10s --timeout=10s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('RAG_PORT', '8000')), timeout=8); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]
STOPSIGNAL SIGTERM
# `docker run IMAGE` serves; `docker run IMAGE ingest /documents` is the other program.
ENTRYPOINT ["python", "-m"]
CMD ["rag", "serve"]
LABEL org.opencontainers.image.title="Pageproof" \
      org.opencontainers.image.description="Answers questions from your own PDFs and proves each sentence on the page it came from." \
      org.opencontainers.image.licenses="Apache-2.0"
