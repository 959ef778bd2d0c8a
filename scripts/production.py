"""Prove the production set-up without Docker: what docker-compose.yml runs and sets, and one photo through it.

PostgreSQL, Redis and nginx are the machine's own (Debian's packages); the S3 server checks signatures (moto with its
authentication on); TLS is a certificate made for this run. Every variable of the compose file's `x-app` gets a value
here, and an unknown one stops the run: what is proved is what is deployed.
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
import requests
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError
from PIL import Image, ImageDraw

from scripts import embedded
from scripts.bootstrap import ROOT, VENV

# moto lets this many calls through unsigned: those that make the account below
CALLS_BEFORE_SIGNATURES = 4
EVERYTHING_IN_S3 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
BUCKET = "rural"
PASSWORD = uuid.uuid4().hex
INSPECTOR = f"""
import datetime, django; django.setup()
from accounts.models import Post, Role, User
from villages.models import Division
user = User.objects.create_user("inspector", password="{PASSWORD}")
city = Division.objects.get(level="city")
day = datetime.date(2020, 1, 1)
Post.objects.create(user=user, role=Role.INSPECTOR, division=city, issues_directly=True, since=day)
"""


def main() -> None:
    """Start everything, carry one photo through it, stop everything."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="production-")))
        folder.chmod(0o755)
        https = embedded.free_port()
        env = stack.enter_context(services(folder, https))
        step("migrations, as a step of their own", lambda: run(["sh", "deploy/migrate.sh"], env))
        step(
            "static files",
            lambda: run(["python", "manage.py", "collectstatic", "--no-input", "-v", "0"], env),
        )
        step("a wrong S3 secret is refused", lambda: refuses_a_wrong_secret(env))
        stack.enter_context(processes(folder, https, env))
        step("places, items and an inspector", lambda: fill(env))
        proof(Visitor(f"https://localhost:{https}", folder / "fullchain.pem"), env)


# --- servers ------------------------------------------------------------------------------------------------
@contextmanager
def services(folder: Path, https: int) -> Iterator[dict[str, str]]:
    """Run PostgreSQL, Redis and S3 and yield the application's environment."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    redis = shutil.which("redis-server")
    if not programs or not redis or not shutil.which("nginx"):
        raise SystemExit("needed: postgresql, redis-server and nginx-light")
    with (
        embedded.running_postgres(programs[0]) as database,
        running_redis(redis, folder) as broker,
        s3_server(folder) as storage,
    ):
        yield environment(https, {"DATABASE_URL": database, "BROKER_URL": broker, **storage}, folder)


@contextmanager
def running_redis(program: str, folder: Path) -> Iterator[str]:
    """Run Debian's Redis."""
    data = folder / "redis"
    data.mkdir()
    with embedded.running_broker(data, program=program) as url:
        yield url


@contextmanager
def s3_server(folder: Path) -> Iterator[dict[str, str]]:
    """Run an S3 server that knows one key."""
    port = embedded.free_port()
    server = embedded.spawn(
        [str(VENV / "bin" / "moto_server"), "-p", str(port)],
        log=folder / "s3.log",
        env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(CALLS_BEFORE_SIGNATURES)},
    )
    try:
        embedded.wait_for(lambda: embedded.listens(port), server, "the S3 server", 60)
        endpoint = f"http://127.0.0.1:{port}"
        yield {"S3_ENDPOINT_URL": endpoint, "S3_BUCKET": BUCKET, **account(endpoint)}
    finally:
        embedded.stop(server)


def account(endpoint: str) -> dict[str, str]:
    """Make the application's key."""
    iam = boto3.client(
        "iam",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="maker",
        aws_secret_access_key="maker",
    )
    iam.create_user(UserName="app")
    policy = iam.create_policy(PolicyName="app", PolicyDocument=json.dumps(EVERYTHING_IN_S3))
    iam.attach_user_policy(UserName="app", PolicyArn=policy["Policy"]["Arn"])
    key = iam.create_access_key(UserName="app")["AccessKey"]
    return {"S3_ACCESS_KEY": key["AccessKeyId"], "S3_SECRET_KEY": key["SecretAccessKey"]}


def environment(https: int, known: dict[str, str], folder: Path) -> dict[str, str]:
    """Fill in every variable that the compose file gives the application, and no other."""
    values = known | {
        "SECRET_KEY": uuid.uuid4().hex * 2,
        "ALLOWED_HOSTS": "localhost",
        "SITE_URL": f"https://localhost:{https}",
        "CSRF_TRUSTED_ORIGINS": f"https://localhost:{https}",
        "SECURE": "true",
        "PROXY_COUNT": "1",
        "S3_REGION": "us-east-1",
        "EMAIL_URL": "consolemail://",
        "DEFAULT_FROM_EMAIL": "noreply@localhost",
        "NOTIFY_APPRISE_URLS": "",
        "WEB_WORKERS": "2",
        "WORKERS": "1",
        "LOG_LEVEL": "INFO",
    }
    named = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["x-app"]["environment"]
    if set(named) != set(values):
        raise SystemExit(f"docker-compose.yml and this proof differ in {sorted(set(named) ^ set(values))}")
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return values | {"PATH": path, "LANG": "C.UTF-8", "VAR_DIR": str(folder / "var"), "PYTHONUNBUFFERED": "1"}


@contextmanager
def processes(folder: Path, https: int, env: dict[str, str]) -> Iterator[None]:
    """Run what the compose file runs: web, worker, beat, nginx."""
    app = embedded.free_port()
    started = []
    try:
        for name in ("web", "worker", "beat"):
            more = {"WEB_BIND": f"127.0.0.1:{app}"} if name == "web" else {}
            command = ["sh", f"deploy/{name}.sh"]
            started.append(embedded.spawn(command, log=folder / f"{name}.log", env=env | more, cwd=ROOT))
        embedded.wait_for(lambda: embedded.listens(app), started[0], "gunicorn", 60)
        started.append(embedded.spawn(nginx(folder, https, app), log=folder / "nginx.log"))
        embedded.wait_for(lambda: embedded.listens(https), started[-1], "nginx")
        yield
    except BaseException:
        for log in sorted(folder.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        raise
    finally:
        for process in reversed(started):
            embedded.stop(process)


def nginx(folder: Path, https: int, app: int) -> list[str]:
    """Fill in nginx's configuration as its image does, and return the command."""
    certificate(folder)
    values = {
        "SERVER_NAME": "localhost",
        "APP_ADDRESS": f"127.0.0.1:{app}",
        "HTTP_PORT": str(embedded.free_port()),
        "HTTPS_PORT": str(https),
        "TLS_FILES": str(folder),
        "CACHE_DIR": str(folder / "cache"),
    }
    template = (ROOT / "deploy" / "nginx.conf.template").read_text()
    server = re.sub(r"\$\{([A-Z_]+)\}", lambda found: values[found[1]], template)
    paths = "".join(
        f"{kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"pid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n"
        f"include /etc/nginx/mime.types;\naccess_log off;\n{paths}{server}}}\n"
    )
    return ["nginx", "-c", str(config), "-g", "daemon off;"]


def certificate(folder: Path) -> None:
    """Make a certificate for localhost that lasts a day."""
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "privkey.pem")]
    command += ["-out", str(folder / "fullchain.pem")]
    subprocess.run(command, check=True, capture_output=True)


def fill(env: dict[str, str]) -> None:
    """Load what a new installation loads, and one person."""
    run(["python", "manage.py", "import_registry", "--on", "2020-01-01"], env)
    run(["python", "manage.py", "load_scheme"], env)
    run(["python", "-c", INSPECTOR], env | {"DJANGO_SETTINGS_MODULE": "dalian_rural.settings"})


# --- proof --------------------------------------------------------------------------------------------------
class Visitor:
    """One person's browser."""

    def __init__(self, site: str, ca: Path) -> None:
        self.site, self.http = site, requests.Session()
        # only this run's certificate is trusted, whatever the machine's environment says
        self.http.trust_env, self.http.verify = False, str(ca)

    def ask(self, method: str, path: str, expect: int = 200, **more: Any) -> requests.Response:
        """Send a request and insist on the status."""
        more["headers"] = {
            "Referer": self.site + path,
            "X-CSRFToken": self.http.cookies.get("csrftoken", ""),
        } | more.get("headers", {})
        answer = self.http.request(method, self.site + path, timeout=60, **more)
        if answer.status_code != expect:
            raise SystemExit(
                f"{method} {path}: {answer.status_code} instead of {expect}\n{answer.text[:1500]}"
            )
        return answer

    def sign_in(self, name: str) -> None:
        """Sign in by the form, as a browser does."""
        self.ask("GET", "/accounts/login/")
        self.ask("POST", "/accounts/login/", data={"login": name, "password": PASSWORD, "next": "/guidance/"})
        if not self.http.cookies.get("sessionid"):
            raise SystemExit("the form did not sign anybody in")


def proof(visitor: Visitor, env: dict[str, str]) -> None:
    """Carry one photographed problem through the running processes."""
    photo = picture()
    finding, image = str(uuid.uuid4()), str(uuid.uuid4())
    digest = hashlib.sha256(photo).hexdigest()
    step("sign in over TLS", lambda: visitor.sign_in("inspector"))
    step("cookies are secure", lambda: all_secure(visitor))
    village = visitor.ask("GET", "/api/v1/villages/").json()["results"][0]["id"]
    item = visitor.ask("GET", "/api/v1/items/").json()["results"][0]["id"]
    body = {
        "village": village,
        "item": item,
        "place": "村口",
        "description": "路边有散落垃圾",
        "severity": "minor",
        "photos": [{"id": image, "sha256": digest}],
    }
    step("record a problem", lambda: visitor.ask("PUT", f"/api/v1/findings/{finding}/", 201, json=body))
    fields = {
        "finding": finding,
        "side": "before",
        "sha256": digest,
        "original_sha256": digest,
        "source": "camera",
    }
    file = {"file": ("photo.jpg", io.BytesIO(photo), "image/jpeg")}
    step(
        "upload its photo",
        lambda: visitor.ask("PUT", f"/api/v1/photos/{image}/", 201, data=fields, files=file),
    )
    step("the worker makes the copies", lambda: until(lambda: served(visitor, image)))
    step("original and copies are in S3", lambda: in_storage(env, digest))
    state = visitor.ask("GET", f"/api/v1/findings/{finding}/").json()["state"]
    print(f"     the finding is {state}", flush=True)
    step(
        "beat and worker give signs of life",
        lambda: until(lambda: alive("beat", env) and alive("worker", env)),
    )


def picture() -> bytes:
    """Draw a photo that no other resembles."""
    image = Image.effect_noise((1600, 1200), 80).convert("RGB")
    ImageDraw.Draw(image).rectangle((200, 200, 900, 700), fill=(30, 120, 60))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80)
    return data.getvalue()


def all_secure(visitor: Visitor) -> None:
    """Insist on secure cookies and HSTS."""
    loose = [cookie.name for cookie in visitor.http.cookies if not cookie.secure]
    answer = visitor.ask("GET", "/healthz/")
    if loose or "Strict-Transport-Security" not in answer.headers:
        raise SystemExit(f"cookies without Secure: {loose}; headers: {dict(answer.headers)}")


def served(visitor: Visitor, image: str) -> bool:
    """Tell whether the small copy comes as an image of its own size."""
    answer = visitor.http.get(f"{visitor.site}/api/v1/photos/{image}/small/", timeout=30)
    return answer.status_code == 200 and max(Image.open(io.BytesIO(answer.content)).size) <= 400


def in_storage(env: dict[str, str], digest: str) -> None:
    """Look into the bucket: the sealed original byte for byte, and copies beside it."""
    client = s3(env)
    names = [entry["Key"] for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    sealed = [name for name in names if name.startswith("sealed/")]
    bodies = (client.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in sealed)
    if not any(hashlib.sha256(body).hexdigest() == digest for body in bodies):
        raise SystemExit(f"the original is not in the bucket: {names}")
    if not any(name.startswith("media/") for name in names):
        raise SystemExit(f"no copies in the bucket: {names}")


def s3(env: dict[str, str], secret: str | None = None) -> Any:
    """Return a client with the application's key."""
    return boto3.client(
        "s3",
        endpoint_url=env["S3_ENDPOINT_URL"],
        region_name=env["S3_REGION"],
        aws_access_key_id=env["S3_ACCESS_KEY"],
        aws_secret_access_key=secret or env["S3_SECRET_KEY"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def refuses_a_wrong_secret(env: dict[str, str]) -> None:
    """Insist that the S3 server checks signatures."""
    try:
        s3(env, secret="wrong").list_objects_v2(Bucket=BUCKET)
    except ClientError as error:
        if error.response["Error"]["Code"] == "SignatureDoesNotMatch":
            return
        raise
    raise SystemExit("the S3 server took a wrong signature")


def alive(name: str, env: dict[str, str]) -> bool:
    """Tell whether a process gave a sign of life lately."""
    command = ["python", "manage.py", "alive", name, "--seconds", "60"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False).returncode == 0


# --- small things -------------------------------------------------------------------------------------------
def step(name: str, act: Callable[[], Any]) -> None:
    """Do one thing and say that it went well."""
    begun = time.monotonic()
    act()
    print(f"  ok {name} ({time.monotonic() - begun:.1f} s)", flush=True)


def run(command: list[str], env: dict[str, str]) -> None:
    """Run a program to its end."""
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def until(check: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise SystemExit(f"this did not happen within {seconds:.0f} seconds")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
