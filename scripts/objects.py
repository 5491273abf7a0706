"""A server of S3's protocol that stands in for a real one: `python -m scripts.objects --bucket lab`.

It keeps everything in memory and asks for no key: it is for tests, and for trying the composition's profile `s3`.
"""

import argparse

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

# The account that the stand-in files everything under.
ACCOUNT = "123456789012"


def main() -> None:
    """Serve until the process is ended. The first line that is printed is the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--bucket", default="lab", help="made before the first request")
    options = parser.parse_args()
    s3_backends[ACCOUNT]["aws"].create_bucket(options.bucket, "us-east-1")
    server = make_server(options.host, options.port, DomainDispatcherApplication(create_backend_app), threaded=True)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
