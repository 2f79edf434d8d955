# Two images: the application, and the proxy in front of it. Everything that is run to make the first
# is a script in deploy/image/; deploy/try_image.py carries this file out without Docker.

FROM debian:12.12-slim AS system
COPY deploy/image /opt/image
RUN /opt/image/install-system python3 tesseract-ocr tesseract-ocr-eng tesseract-ocr-fra tesseract-ocr-deu tesseract-ocr-spa tesseract-ocr-ita tesseract-ocr-por tesseract-ocr-hin tesseract-ocr-tha tesseract-ocr-ara

FROM system AS builder
RUN /opt/image/install-system python3-venv
# Where packages come from is told by whoever builds: no address is written down here.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG TORCH_INDEX_URL
ARG NPM_CONFIG_REGISTRY
COPY LICENSE README.md constraints.txt pyproject.toml /src/
RUN /opt/image/install-torch /src /opt/cloister
COPY ingest /src/ingest
COPY retrieval /src/retrieval
COPY serve /src/serve
COPY hatch_build.py ui_build.py /src/
RUN /opt/image/install-cloister /src /opt/cloister

FROM system AS app
COPY --from=builder /opt/cloister /opt/cloister
COPY deploy/probe.py /opt/cloister/probe.py
RUN /opt/image/make-user 10001
ENV CLOISTER_DATA=/data
ENV CLOISTER_SOCKET=/run/cloister/app.sock
ENV HOME=/tmp
ENV LANG=C.UTF-8
ENV PATH=/opt/cloister/bin:/usr/bin:/bin
ENV PYTHONDONTWRITEBYTECODE=1
ENV PYTHONOPTIMIZE=1
ENV PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
HEALTHCHECK --interval=15s --timeout=5s --start-period=3m --retries=4 CMD ["python", "/opt/cloister/probe.py", "/run/cloister/app.sock"]
ENTRYPOINT ["cloister"]
CMD ["serve"]

FROM caddy:2.11.7-alpine AS proxy
# Its program carries a capability that it does not need here, and without which it would not start
# in a container that has none. Its folders belong to root, as which it does not run here.
RUN setcap -r /usr/bin/caddy && chown 10002:10001 /data /config
COPY deploy/Caddyfile /etc/caddy/Caddyfile
USER 10002:10001
