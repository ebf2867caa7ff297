"""Settings: sources (``RAG_*`` variables, Docker secrets), validation, error messages, and the generated reference."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from rag.errors import SettingsError
from rag.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)


def read(secrets: Path = Path("/nowhere")) -> Settings:
    return read_settings(secrets)


def keys(settings: Settings) -> list[str]:
    return [key.get_secret_value() for key in settings.api_keys]


def test_defaults() -> None:
    settings = read()
    assert settings.index == Path("indexes")
    assert settings.encoder == "all-minilm-l6-v2"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert (settings.passages, settings.evidence_tokens, settings.max_tokens) == (6, 350, 256)
    assert settings.api_keys == ()


@pytest.mark.parametrize(
    ("profile", "encoder"),
    [
        ("auto", "all-minilm-l6-v2"),
        ("english", "all-minilm-l6-v2"),
        ("multilingual", "multilingual-e5-small-q4"),
    ],
)
def test_the_profile_chooses_the_encoder(monkeypatch: pytest.MonkeyPatch, profile: str, encoder: str) -> None:
    monkeypatch.setenv("RAG_PROFILE", profile)
    assert read().encoder == encoder
    monkeypatch.setenv("RAG_ENCODER", "./my-encoder")
    assert read().encoder == "./my-encoder"


def test_an_unknown_profile_is_refused_with_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PROFILE", "german")
    with pytest.raises(SettingsError, match=r"^RAG_PROFILE='german' is wrong: .*'auto', 'english' or 'multilingual'$"):
        read()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("index", "/data/index", Path("/data/index"), id="path"),
        pytest.param("port", "9000", 9000, id="number"),
        pytest.param("temperature", "0.5", 0.5, id="fraction"),
        pytest.param("reranker", "", "", id="empty for none"),
        pytest.param("threads", "0", 0, id="zero"),
        pytest.param("proxies", "10.0.0.0/8, ::1", "10.0.0.0/8, ::1", id="networks"),
        pytest.param("proxies", "", "", id="no proxies"),
        pytest.param("hosts", "Pages.example, rag,", ("pages.example", "rag"), id="host names"),
        pytest.param("hosts", "[FD00::1],10.0.0.5", ("fd00::1", "10.0.0.5"), id="addresses"),
        pytest.param("hosts", "*", ("*",), id="any host"),
        pytest.param("hosts", "", (), id="no hosts"),
    ],
)
def test_from_the_environment(monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: object) -> None:
    monkeypatch.setenv(f"RAG_{name.upper()}", value)
    assert getattr(read(), name) == expected
    assert read().model_copy(update={name: None}) == Settings().model_copy(update={name: None})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("RAG_PORT", "eighty", id="no number"),
        pytest.param("RAG_PORT", "70000", id="too large"),
        pytest.param("RAG_PORT", "", id="empty"),
        pytest.param("RAG_CONTEXT_TOKENS", "511", id="too small"),
        pytest.param("RAG_TEMPERATURE", "-0.1", id="negative"),
        pytest.param("RAG_MAX_QUEUE", "1.5", id="fraction"),
        pytest.param("RAG_PARALLEL", "0", id="none"),
        pytest.param("RAG_PROXIES", "127.0.0.1,10.0.0.5/8", id="no network"),
        pytest.param("RAG_HOSTS", "http://pages.example", id="an address of a page"),
        pytest.param("RAG_HOSTS", "pages.example:8000", id="a host with a port"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        read()
    assert str(caught.value).startswith(f"{variable}={value!r} is wrong: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("unknown", "remedy"),
    [
        pytest.param("RAG_PROT", r"did you mean RAG_PORT\?", id="misspelt"),
        pytest.param("RAG_FALSE_ANSWER", r"did you mean RAG_FALSE_ANSWERS\?", id="a letter is missing"),
        pytest.param("RAG_XYZZY", r"the settings are RAG_ADMIN_KEYS, .*RAG_MODEL, .*RAG_WORKERS", id="like none"),
        pytest.param("RAG_", r"the settings are RAG_ADMIN_KEYS, .*", id="nothing but the prefix"),
    ],
)
def test_an_unknown_setting_is_named_with_the_nearest_or_all(
    monkeypatch: pytest.MonkeyPatch, unknown: str, remedy: str
) -> None:
    monkeypatch.setenv(unknown, "9000")
    with pytest.raises(SettingsError, match=f"^unknown setting {unknown}; {remedy}$"):
        read()


def test_an_unknown_setting_in_lower_case_is_refused_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known ones are read in any case, so a misspelt one would be taken for set."""
    monkeypatch.setenv("rag_api_key", "number-1")
    with pytest.raises(SettingsError, match=r"^unknown setting rag_api_key; did you mean RAG_API_KEYS\?$"):
        read()


def test_variables_without_the_prefix_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("DRAG_PORT", "9000")
    assert read().port == 8000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("key-one-", ["key-one-"], id="one"),
        pytest.param("key-one-,key-two-", ["key-one-", "key-two-"], id="two"),
        pytest.param(" key-one- , ,key-two-,", ["key-one-", "key-two-"], id="blanks and a comma at the end"),
        pytest.param("number-1\nnumber-2\r\n\nnumber-3, number-4\n", [f"number-{n}" for n in range(1, 5)], id="lines"),
        pytest.param("number-1\rnumber-2\r", ["number-1", "number-2"], id="lines of an old Mac"),
        pytest.param('["key-1"]', ['["key-1"]'], id="not read as JSON"),
        pytest.param("gehëim-is-es", ["gehëim-is-es"], id="not ASCII"),
    ],
)
def test_keys_are_a_list(monkeypatch: pytest.MonkeyPatch, value: str, expected: list[str]) -> None:
    monkeypatch.setenv("RAG_API_KEYS", value)
    assert keys(read()) == expected


class TestUploads:
    def test_is_off_by_default(self) -> None:
        settings = read()
        assert (settings.documents, settings.admin_keys, settings.upload_bytes) == (None, (), 104_857_600)

    def test_needs_an_admin_key(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("RAG_DOCUMENTS", str(tmp_path))
        monkeypatch.setenv("RAG_API_KEYS", "number-1")
        with pytest.raises(SettingsError, match=r"^RAG_DOCUMENTS is set, .*RAG_ADMIN_KEYS"):
            read()
        monkeypatch.setenv("RAG_ADMIN_KEYS", "number-2,number-3")
        settings = read()
        assert settings.documents == tmp_path
        assert [key.get_secret_value() for key in settings.admin_keys] == ["number-2", "number-3"]

    def test_an_empty_folder_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_DOCUMENTS", "")
        assert read().documents is None

    def test_admin_keys_are_shown_nowhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_ADMIN_KEYS", "hush-hush")
        for shown in (repr(read()), str(read()), read().model_dump_json()):
            assert "hush" not in shown


class TestKeyFile:
    def test_is_a_path(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        assert (read().key_file, read().needs_keys, read().requests_per_minute) == (None, False, 600)
        monkeypatch.setenv("RAG_KEY_FILE", f" {tmp_path}/keys.json\n")
        assert (read().key_file, read().needs_keys) == (tmp_path / "keys.json", True)

    @pytest.mark.parametrize(
        ("value", "fault"),
        [
            pytest.param("", "it is blank; name a file, or, to have no keys, unset the variable", id="empty"),
            pytest.param(" \n", "it is blank", id="blank"),
            pytest.param(' {"keys": ["hush"]}', "it has the contents of a key file; name a path", id="JSON"),
        ],
    )
    def test_what_is_no_path_is_refused_unshown(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, fault: str
    ) -> None:
        """In a secret, too: one of this name is a file with the path."""
        monkeypatch.setenv("RAG_KEY_FILE", value)
        with pytest.raises(SettingsError, match=f"^RAG_KEY_FILE is wrong: {fault}") as caught:
            read()
        assert "hush" not in str(caught.value)
        monkeypatch.delenv("RAG_KEY_FILE")
        (tmp_path / "rag_key_file").write_text(value)
        with pytest.raises(SettingsError, match=f"is wrong: {fault}"):
            read(tmp_path)

    def test_documents_may_be_added_with_it(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("RAG_DOCUMENTS", str(tmp_path))
        monkeypatch.setenv("RAG_KEY_FILE", str(tmp_path / "keys.json"))
        assert read().documents == tmp_path


class TestSecrets:
    @pytest.mark.parametrize(
        "text", ["number-1,number-2\n", "number-1\nnumber-2\n", "number-1\r\nnumber-2"], ids=["commas", "lines", "CRLF"]
    )
    def test_from_a_file(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "rag_api_keys").write_bytes(text.encode())
        assert keys(read(tmp_path)) == ["number-1", "number-2"]

    def test_a_variable_has_precedence_over_a_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "rag_api_keys").write_text("from-file")
        monkeypatch.setenv("RAG_API_KEYS", "from-variable")
        assert keys(read(tmp_path)) == ["from-variable"]

    def test_files_without_the_prefix_are_ignored(self, tmp_path: Path) -> None:
        (tmp_path / "database_password").write_text("secret")
        assert read(tmp_path) == Settings()

    @pytest.mark.parametrize("name", ["rag_api_key", "RAG_APIKEYS", "rag_keys"])
    def test_an_unknown_secret_is_refused(self, tmp_path: Path, name: str) -> None:
        """A misspelt name of the keys must not mean that there are none."""
        (tmp_path / name).write_text("number-1")
        with pytest.raises(SettingsError, match=rf"^unknown setting {name} \(the file {tmp_path}/{name}\); ") as caught:
            read(tmp_path)
        assert "number-1" not in str(caught.value)

    def test_a_wrong_value_in_a_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "rag_port").write_text("eighty")
        with pytest.raises(SettingsError) as caught:
            read(tmp_path)
        assert str(caught.value).startswith(f"RAG_PORT='eighty' (from the file {tmp_path}/rag_port) is wrong: ")

    def test_a_folder_in_the_place_of_a_secret_is_refused(self, tmp_path: Path) -> None:
        """Docker makes one where the file to be mounted is missing; it must not mean that there are no keys."""
        (tmp_path / "rag_api_keys").mkdir()
        with pytest.raises(SettingsError, match=r"secret cannot be read: .*rag_api_keys"):
            read(tmp_path)

    def test_bytes_that_are_not_utf_8_are_refused_and_not_shown(self, tmp_path: Path) -> None:
        (tmp_path / "rag_api_keys").write_bytes(b"hush\xff")
        with pytest.raises(SettingsError, match=r"secret cannot be read: .*utf-8") as caught:
            read(tmp_path)
        assert "hush" not in str(caught.value)

    def test_a_link_out_of_the_folder_of_secrets_is_refused(self, tmp_path: Path) -> None:
        secrets = tmp_path / "secrets"
        secrets.mkdir()
        (tmp_path / "keys").write_text("one")
        (secrets / "rag_api_keys").symlink_to(tmp_path / "keys")
        with pytest.raises(SettingsError, match=r"secret cannot be read: .*rag_api_keys"):
            read(secrets)

    def test_keys_are_shown_nowhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_API_KEYS", "hush-hush")
        settings = read()
        assert keys(settings) == ["hush-hush"]
        for shown in (repr(settings), str(settings), settings.model_dump_json(), f"{settings.api_keys}"):
            assert "hush" not in shown


class TestRemoteModels:
    @pytest.mark.parametrize(
        ("model", "remote"),
        [
            ("http://127.0.0.1:8080/v1", True),
            ("HTTPS://models.example/v1/", True),
            ("qwen2.5-coder-1.5b-instruct-q4_k_m", False),
            ("/data/http/model.gguf", False),
        ],
    )
    def test_are_known_by_their_address(self, model: str, remote: bool) -> None:
        settings = Settings(model=model)
        assert settings.model_is_remote is remote
        assert settings.model == model.rstrip("/")

    @pytest.mark.parametrize(
        "model",
        [
            pytest.param("http://me:hush@host/v1", id="user and password"),
            pytest.param("http://hush@host/v1", id="user"),
            pytest.param("http://host/v1?key=hush", id="query"),
            pytest.param("http:///v1", id="no host"),
            pytest.param("http://host:port/v1", id="no port"),
        ],
    )
    def test_an_address_with_credentials_or_without_host_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, model: str
    ) -> None:
        monkeypatch.setenv("RAG_MODEL", model)
        with pytest.raises(SettingsError, match="RAG_MODEL") as caught:
            read()
        assert "hush" not in str(caught.value)
        assert caught.value.__cause__ is None

    @pytest.mark.parametrize("key", ["hush\nhush", "hüsh"])
    def test_a_key_that_fits_no_header_is_refused_unshown(self, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
        monkeypatch.setenv("RAG_MODEL_KEY", key)
        with pytest.raises(SettingsError, match=r"^RAG_MODEL_KEY is wrong: .*printable") as caught:
            read()
        assert "sh" not in str(caught.value)

    def test_its_key_is_shown_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "rag_model_key").write_text("hush-hush\n")
        settings = read(tmp_path)
        assert settings.model_key.get_secret_value() == "hush-hush"
        assert "hush" not in f"{settings!r}{settings}{settings.model_dump_json()}"


class TestHistory:
    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            pytest.param({"XDG_STATE_HOME": "/state"}, Path("/state/pageproof/history"), id="state directory"),
            pytest.param({}, Path("/home/ann/.local/state/pageproof/history"), id="home"),
            pytest.param(
                {"XDG_STATE_HOME": "here"}, Path("/home/ann/.local/state/pageproof/history"), id="not absolute"
            ),
            pytest.param({"XDG_STATE_HOME": "/state", "RAG_HISTORY": "mine"}, Path("mine"), id="as set"),
            pytest.param({"RAG_HISTORY": ""}, None, id="switched off"),
        ],
    )
    def test_path(self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: Path | None) -> None:
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        for name, value in ({"HOME": "/home/ann"} | variables).items():
            monkeypatch.setenv(name, value)
        assert read().history == expected

    def test_without_a_home_directory_none_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_home() -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        monkeypatch.setattr(Path, "home", no_home)
        assert read().history is None


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read().port = 1


def test_a_misspelt_argument_is_refused() -> None:
    with pytest.raises(ValidationError, match="prot"):
        Settings(prot=1)  # type: ignore[call-arg]


def test_arguments_have_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PORT", "9000")
    assert Settings(port=9001).port == 9001
    assert Settings(api_keys=(SecretStr("one"),)).api_keys == (SecretStr("one"),)


@pytest.mark.parametrize("variable", ["RAG_API_KEYS", "RAG_ADMIN_KEYS"])
@pytest.mark.parametrize(
    ("value", "fault"),
    [
        pytest.param("x", "key 1 has fewer than 8 characters", id="one letter"),
        pytest.param("long-enough\nhush-hu", "key 2 has fewer than 8 characters", id="one of two"),
        pytest.param("long-enough,hush\x1bhush", "key 2 has control characters", id="ESC"),
    ],
)
def test_a_key_that_can_be_guessed_or_sent_by_nobody_is_refused_unshown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, fault: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^{variable} is wrong: {fault}") as caught:
        read()
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("asking", "admin"), [("shared-key", "other-key,shared-key"), ("a-key-of-mine\n", " a-key-of-mine")]
)
def test_one_key_for_asking_and_adding_is_refused_unshown(
    monkeypatch: pytest.MonkeyPatch, asking: str, admin: str
) -> None:
    monkeypatch.setenv("RAG_API_KEYS", asking)
    monkeypatch.setenv("RAG_ADMIN_KEYS", admin)
    with pytest.raises(SettingsError, match="have a key in common") as caught:
        read()
    assert asking.strip() not in str(caught.value)


@pytest.mark.parametrize("variable", ["RAG_API_KEYS", "RAG_ADMIN_KEYS"])
@pytest.mark.parametrize("value", ["", ",", "  ", " , ", "\n", " \n,\r\n"])
class TestBlankKeys:
    """Keys that are set but blank: taken as "no keys", a slip in the setting would open the service to anyone."""

    def test_in_a_variable_are_refused(self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
        monkeypatch.setenv(variable, value)
        with pytest.raises(SettingsError, match=rf"^{variable} is wrong: it is set, but blank; .*unset the variable"):
            read()

    def test_in_a_secret_are_refused(self, tmp_path: Path, variable: str, value: str) -> None:
        file = tmp_path / variable.lower()
        file.write_text(value)
        with pytest.raises(SettingsError) as caught:
            read(tmp_path)
        assert str(caught.value).startswith(f"{variable} (from the file {file}) is wrong: it is set, but blank; ")
        assert "remove the secret file" in str(caught.value)

    def test_in_a_variable_are_refused_though_a_secret_has_keys(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
    ) -> None:
        monkeypatch.setenv(variable, value)
        (tmp_path / variable.lower()).write_text("number-1")
        with pytest.raises(SettingsError, match=rf"^{variable} is wrong: "):
            read(tmp_path)


def test_the_reference_of_settings_is_what_the_code_generates() -> None:
    root = Path(__file__).parents[3]
    generated = runpy.run_path(str(root / "docs/settings.py"))["settings_page"]()
    assert (root / "docs/settings.md").read_text(encoding="utf-8") == generated, (
        "run: python docs/settings.py > docs/settings.md"
    )
