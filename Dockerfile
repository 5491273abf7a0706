# Three images from one file: `api` answers requests and holds no TensorFlow, `worker` trains, `objects` stands in for S3.
#   docker build --target api .        docker build --target worker .        docker build --target objects .
FROM python:3.11-slim-bookworm AS objects
RUN useradd --system --uid 10001 --create-home gradlab
COPY requirements-objects.lock ./
RUN pip install --quiet --no-cache-dir --require-hashes -r requirements-objects.lock
COPY scripts/objects.py ./
USER gradlab
EXPOSE 5000
CMD ["python", "objects.py", "--host", "0.0.0.0", "--port", "5000"]

FROM python:3.11-slim-bookworm AS house
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# An environment of its own, and the service's packages before any other `core`.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app:/app/gradlab/src
RUN python -m venv /opt/venv && useradd --system --uid 10001 --create-home gradlab \
    && mkdir -p /data /blobs && chown gradlab /data /blobs
WORKDIR /app
COPY requirements-api.lock ./
RUN pip install --quiet --require-hashes -r requirements-api.lock

FROM house AS api
COPY pyproject.toml README.md ./
COPY gradlab gradlab
COPY core core
COPY api api
COPY migrations migrations
RUN pip install --quiet --no-deps --no-build-isolation --editable ./gradlab --editable .
USER gradlab
ENV GRADLAB_DATA_DIR=/data GRADLAB_HOST=0.0.0.0 GRADLAB_PORT=8000
EXPOSE 8000
CMD ["gradlab", "serve", "--api-only"]

FROM house AS worker
COPY requirements-worker.lock ./
RUN pip install --quiet --require-hashes -r requirements-worker.lock
COPY pyproject.toml README.md ./
COPY gradlab gradlab
COPY core core
COPY worker worker
# A worker starts on no database whose revision these do not know.
COPY migrations migrations
RUN pip install --quiet --no-deps --no-build-isolation --editable ./gradlab --editable .
USER gradlab
ENV GRADLAB_DATA_DIR=/data
CMD ["python", "-m", "worker"]
