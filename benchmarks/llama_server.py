"""Serves a GGUF file with llama.cpp's own HTTP server until it is told to stop.

python benchmarks/llama_server.py MODEL.gguf PORT CONTEXT_PER_SLOT SLOTS
"""

from __future__ import annotations

import signal
import sys

import xllamacpp


def main() -> None:
    """Serves the model that the command line names."""
    file, port, context, slots = sys.argv[1], *map(int, sys.argv[2:5])
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.model_alias = {"smollm2"}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx, params.n_parallel, params.kv_unified = context * slots, slots, False
    params.endpoint_slots = params.use_jinja = True
    stop = [signal.SIGTERM, signal.SIGINT]
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    signal.sigwait(stop)


if __name__ == "__main__":
    main()
