"""Sends a run to a real MLflow server (SQLite, files through the server) and reads it back with MLflow's own client.

    python tests/consumers/mlflow_server.py AUGMINT RUN LOOK…

AUGMINT is the program, RUN a run folder with epochs in it; a copy of it is sent. Needs mlflow_requirements.txt. Also: sent
twice there is one run; what came while the server was down is sent afterwards. LOOK… is a command to be called while the
server has the run, with its address in MLflow's pages in place of URL.
"""

import datetime
import http.server
import ipaddress
import json
import math
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OURS = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
OURS |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


class Server:
    """`mlflow server` on loopback, with all it stores in a folder."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        command += ["--artifacts-destination", f"{self.folder}/files", "--workers", "1"]
        log = open(self.folder / "server.log", "a")
        self.process = subprocess.Popen(command, env=OURS, stdout=log, stderr=log, start_new_session=True)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.uri}/health", timeout=1).read()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.5)
        self.__exit__()
        raise SystemExit("the server did not start:\n" + (self.folder / "server.log").read_text()[-3000:])

    def __exit__(self, *_):
        # The server has workers of its own.
        os.killpg(self.process.pid, 15)
        self.process.wait(30)


class Forward(http.server.BaseHTTPRequestHandler):
    """Passes requests on to the server that `to` names."""

    def do_ANY(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept = {name: self.headers[name] for name in ("Content-Type", "Authorization") if name in self.headers}
        request = urllib.request.Request(self.to + self.path, data=body or None, method=self.command, headers=kept)
        try:
            answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"] or "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_ANY

    def log_message(self, *_):
        pass


class Secure:
    """HTTPS before a server, with a certificate that nobody signed but itself, in `certificate`."""

    def __init__(self, uri, folder):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "augmint's test")])
        now = datetime.datetime.now(datetime.timezone.utc)
        hour = datetime.timedelta(hours=1)
        alone = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - hour, now + hour)
        signed = made.add_extension(alone, critical=False).sign(key, hashes.SHA256())
        self.certificate = folder / "certificate.pem"
        self.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        both = folder / "key.pem"
        pem, pkcs8, open_ = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        both.write_bytes(key.private_bytes(pem, pkcs8, open_) + self.certificate.read_bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("To", (Forward,), {"to": uri}))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.uri = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def augmint(program, *words, code=0, **more):
    done = subprocess.run([program, *map(str, words)], env=OURS | more, capture_output=True, text=True)
    assert done.returncode == code, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def flattened(table, before=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def check(uri, run, times=1):
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts

    client = MlflowClient(tracking_uri=uri)
    facts = json.loads((run / "run.json").read_text())
    epochs = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    lines = [json.loads(line) for line in (run / "track.jsonl").read_text().splitlines()]
    start = next(line["event"]["event"]["start"] for line in lines if "start" in line.get("event", {}).get("event", {}))
    experiment = client.get_experiment_by_name(start["experiment"])
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 1, f"{len(runs)} runs"
    found = runs[0]
    assert found.info.run_name == start["name"]
    assert found.info.status == "FINISHED", found.info.status
    assert found.info.start_time > 0 and found.info.end_time >= found.info.start_time

    config = dict(flattened(tomllib.loads((run / "config.toml").read_text())))
    assert set(found.data.params) == set(config), set(found.data.params) ^ set(config)
    for name, value in config.items():
        if isinstance(value, str):
            assert found.data.params[name] == value
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            assert float(found.data.params[name]) == value

    digest = facts["version"]["digest"]
    assert found.data.tags["augmint.digest"] == f"sha256:{digest}"
    if facts["git"]:
        assert found.data.tags["mlflow.source.git.commit"] == facts["git"]["commit"]
    (inputs,) = found.inputs.dataset_inputs
    dataset, tags = inputs.dataset, {tag.key: tag.value for tag in inputs.tags}
    assert dataset.digest == digest[:36] and tags["augmint.digest"] == digest
    assert dataset.name == facts["version"]["reference"].split("@")[0] and tags["mlflow.data.context"] == "training"
    assert json.loads(dataset.profile)["num_classes"] == len(facts["classes"])
    assert [column["name"] for column in json.loads(dataset.schema)["mlflow_colspec"]] == ["image", "label"]
    assert digest in json.loads(dataset.source)["uri"]

    measures = {"train_loss": lambda one: one["train_loss"], "learning_rate": lambda one: one["learning_rate"]}
    for kind in ["clean", "noisy"]:
        if epochs[0][kind]:
            measures[f"{kind}_macro_f1"] = lambda one, kind=kind: one[kind]["macro_f1"]
            measures[f"{kind}_loss"] = lambda one, kind=kind: one[kind]["loss"]
            for place, known in enumerate(facts["classes"]):
                name = "".join(letter if letter.isalnum() or letter in "_-. :" else "_" for letter in known["name"])
                measures[f"{kind}_f1/{known['number']} {name}"] = (
                    lambda one, kind=kind, place=place: one[kind]["class_f1"][place]
                )
    for name, of in measures.items():
        history = {metric.step: metric.value for metric in client.get_metric_history(found.info.run_id, name)}
        expected = {one["epoch"]: math.nan if of(one) is None else of(one) for one in epochs}
        assert history.keys() == expected.keys(), f"{name}: {history} is not {expected}"
        for step, value in expected.items():
            same = history[step] == value or (math.isnan(value) and math.isnan(history[step]))
            assert same, f"{name} at {step}: {history[step]} is not {value}"
        stored = client.get_metric_history(found.info.run_id, name)
        assert len(stored) == len(expected), f"{name} is there {len(stored)} times"

    sent = [line["event"]["event"]["artefact"] for line in lines if "artefact" in line.get("event", {}).get("event", {})]
    for name in sent:
        with tempfile.TemporaryDirectory() as folder:
            uri_of = f"runs:/{found.info.run_id}/{name}"
            path = download_artifacts(artifact_uri=uri_of, dst_path=folder, tracking_uri=uri)
            assert pathlib.Path(path).read_bytes() == (run / name).read_bytes(), name
    boards = client.get_metric_history(found.info.run_id, "leaderboard_public")
    assert len(boards) == times - 1, boards
    print(f"{len(measures)} metrics of {len(epochs)} epochs, {len(config)} params, {len(sent)} files: as they were sent")
    return found


def main(program, source, look):
    import mlflow

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = pathlib.Path(folder)
        run = folder / source.name
        shutil.copytree(source, run, symlinks=True)
        server = Server(folder)
        with server:
            print(f"mlflow {mlflow.__version__} at {server.uri}")
            # The whole of it over TLS: only with the certificate that the server has.
            secure = Secure(server.uri, folder)
            assert "cannot be reached" in augmint(program, "track", run, "--to", secure.uri, code=2)
            certificates = {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(secure.certificate)}
            augmint(program, "track", run, "--to", secure.uri, **certificates)
            check(server.uri, run)
            assert "has all of" in augmint(program, "track", run, "--to", secure.uri, **certificates)
            # Under another address it is another server, to which the same run may be sent.
            augmint(program, "track", run, "--to", server.uri)
            check(server.uri, run)
            assert "has all of" in augmint(program, "track", run, "--to", server.uri)
            # As if the server had taken everything and no answer had come back.
            events = [line for line in (run / "track.jsonl").read_text().splitlines() if line.startswith('{"event"')]
            (run / "track.jsonl").write_text("\n".join(events) + "\n")
            augmint(program, "track", run, "--to", server.uri)
            found = check(server.uri, run)
            page = urllib.request.urlopen(server.uri, timeout=10).read().decode()
            assert "<title>MLflow</title>" in page
            address = f"{server.uri}/#/experiments/{found.info.experiment_id}/runs/{found.info.run_id}"
            subprocess.run([address if word == "URL" else word for word in look], check=True)
        augmint(program, "score", run, "--public", "0.934")
        assert "cannot be reached" in augmint(program, "track", run, "--to", server.uri, code=2)
        with server:
            assert "1 events" in augmint(program, "track", run, "--to", server.uri)
            check(server.uri, run, times=2)
    print("mlflow: fine")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:])
