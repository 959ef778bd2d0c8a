# syntax=docker/dockerfile:1
# --- the front end: TypeScript and SCSS to static/dist ---
FROM node:22.20-bookworm-slim AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json* ./
COPY static static
RUN npm run build

# --- the packages: exactly what the lock names, checked by hash ---
FROM python:3.12-slim-bookworm AS packages
WORKDIR /app
COPY requirements-production.lock ./
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-production.lock

# --- what runs ---
FROM python:3.12-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8 VAR_DIR=/app/var
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin app
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
COPY --from=assets /app/static/dist static/dist
# The static files carry their hash in their name; a key is needed to read the settings, and none stays in the image.
RUN python scripts/translations.py compile \
 && SECRET_KEY=only-to-build python manage.py collectstatic --no-input --verbosity 0 \
 && mkdir -p var/media var/sealed \
 && chown -R app var
USER app
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz/', headers={'Host': 'localhost'}), timeout=4)"]
CMD ["sh", "deploy/web.sh"]
