"""`lpr gate run`: cameras in processes of their own, one decision thread, health and figures.

See `docs/service.md`. The processes:

- the service (`lpr.service.service`): gates, lists, barriers, outputs; it never touches a picture;
- one worker a camera (`lpr.service.worker`): the engine;
- one reader a camera (`lpr.sources.reader`): FFmpeg.

They exchange JSON over pipes, never pickles, so that none of them can be made to run anything.
"""
