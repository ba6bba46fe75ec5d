"""Files over RTSP at their own pace: run by the system's Python, which has GStreamer's bindings.

    /usr/bin/python3 bench/rtsp_server.py PORT CLIP...

serves the first clip as rtsp://127.0.0.1:PORT/0 and so on. Nothing is encoded: the H.264 of the
files goes out as it is. Debian: gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

# Over TCP the server drops what is more than 100 packets ahead: a key frame must be fewer.
LAUNCH = (
    '( filesrc location="{clip}" ! qtdemux ! h264parse'
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 mtu=8000 )"
)


def _module(name: str) -> Any:
    """Import by name: the project's own environment does not have these modules."""
    return import_module(name)


def main() -> None:
    """Serve until killed."""
    gi = _module("gi")
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    names = ("GLib", "Gst", "GstRtspServer")
    glib, gst, gst_rtsp = (_module(f"gi.repository.{name}") for name in names)
    gst.init(None)
    server = gst_rtsp.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    for number, clip in enumerate(sys.argv[2:]):
        factory = gst_rtsp.RTSPMediaFactory()
        factory.set_launch(LAUNCH.format(clip=clip))
        server.get_mount_points().add_factory(f"/{number}", factory)
    if not server.attach(None):
        sys.exit("the port is taken")
    print("ready", flush=True)
    glib.MainLoop().run()


if __name__ == "__main__":
    main()
