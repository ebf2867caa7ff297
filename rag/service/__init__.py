"""The HTTP service. The only home of fastapi, uvicorn and prometheus_client."""
