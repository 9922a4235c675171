"""Whether the site in this container lives: the HEALTHCHECK of the image. Exit status 0 or 1.

Loads nothing of Clarion, so that a check costs little; it dials one fixed loopback address.
"""

import os
import sys
from http.client import HTTPConnection  # noqa: TID251 - see above
from urllib.parse import urlsplit

_, _, port = os.environ.get("WEB_BIND", "127.0.0.1:8000").rpartition(":")
# The site answers only to its own name.
host = urlsplit(os.environ.get("CLARION_SITE_URL", "http://127.0.0.1:8000")).netloc
connection = HTTPConnection("127.0.0.1", int(port), timeout=4)
connection.request("GET", "/livez", headers={"Host": host})
sys.exit(0 if connection.getresponse().status == 200 else 1)
