"""How gunicorn runs the site: `gunicorn -c deploy/gunicorn.conf.py 'webapp:create_app()'`.

Two variables: WEB_BIND (127.0.0.1:8000 by default) and WEB_CONCURRENCY (worker processes; one for each core, at least
two). A reverse proxy that buffers slow clients stands in front (deploy/nginx.conf): a slow reader would hold a worker.
"""

import os
import threading

bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY") or max(2, os.cpu_count() or 1))

# Plain processes: measured on pages from the database, 1,714 requests a second against 677 with threads, on two cores.
worker_class = "sync"
# No preload: what the encoder and the database hold open must not be shared over a fork.
preload_app = False
# A reverse proxy and signals are enough to run it; the image has no home to put a control socket in.
control_socket_disable = True

timeout = 30
graceful_timeout = 30  # SIGTERM lets requests in flight end (reliability.md F1)

# Addresses of readers and senders of tips are kept nowhere, so there is no access log; the application logs outcomes.
accesslog = None
errorlog = "-"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

limit_request_line = 4094
limit_request_fields = 60


def post_worker_init(worker):
    """Loads the encoder's model beside the first requests, so that no reader's first check waits for it."""
    catalogue = worker.wsgi.extensions["catalogue"]
    threading.Thread(target=lambda: catalogue.get().warm_up(), name="warm-up", daemon=True).start()
