# Two stages: one installs what is pinned, the other holds only what serves.
FROM python:3.11-slim AS install
WORKDIR /build
COPY requirements/uv.txt requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/uv.txt
RUN python -m venv /opt/warmline/venv \
 && uv pip sync --no-cache --python /opt/warmline/venv/bin/python --require-hashes --compile-bytecode requirements/runtime.txt
COPY app /opt/warmline/app
COPY evals /opt/warmline/evals
COPY prompts /opt/warmline/prompts
RUN python -m compileall -q /opt/warmline/app /opt/warmline/evals

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp warmline \
 && install --directory --owner warmline --group warmline --mode 0750 /data
COPY --from=install /opt/warmline /opt/warmline
ENV PATH=/opt/warmline/venv/bin:$PATH \
    PYTHONPATH=/opt/warmline \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    WARMLINE_DATA_DIR=/data
WORKDIR /data
USER warmline
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2).read()"]
ENTRYPOINT ["python", "-m", "app.interfaces.cli"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
