"""nginx that answers every create at once with the same user under a new id: never the bottleneck."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import pinned
from people import body

SERVER_CORE = 0
META = {"resourceType": "User", "created": "2026-01-01T00:00:00Z", "lastModified": "2026-01-01T00:00:00Z"}
EMPTY = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}'
CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/scim+json;
    server {{
        listen 127.0.0.1:{port};
        location /scim/v2/Users {{
            if ($request_method = GET) {{ return 200 '{empty}'; }}
            return 201 '{made}';
        }}
        location / {{ return 404; }}
    }}
}}
"""


@contextmanager
def constant_server() -> Iterator[str]:
    """Start it, give its base URL, and stop it."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if nginx is None:
        raise SystemExit("the benchmark wants nginx for a server: apt-get install nginx-light")
    with tempfile.TemporaryDirectory(prefix="bulkscim-bench-") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)  # its worker may run as another account
        made = {**body(0), "id": "$request_id", "meta": META}
        text = CONFIGURATION.format(folder=folder, port=port, empty=EMPTY, made=json.dumps(made))
        (folder / "nginx.conf").write_text(text)
        command = [nginx, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        process = subprocess.Popen(pinned(command, SERVER_CORE))
        try:
            wait_for(port, folder / "error.log")
            yield f"http://127.0.0.1:{port}/scim/v2"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def free_port() -> int:
    """Return a loopback port without a listener."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(port: int, log: Path) -> None:
    """Return when the server answers."""
    for _ in range(100):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nginx did not start: {log.read_text() if log.exists() else 'no log'}")
