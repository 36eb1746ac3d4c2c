# The images of Berth: `docker build --target operator .` (gateway, worker, simulator). images/README.md says what is in them.

FROM docker.io/library/node:24-bookworm-slim AS packages
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
COPY core/package.json core/
COPY operator/package.json operator/
COPY worker/package.json worker/
COPY gateway/package.json gateway/
COPY client/package.json client/
COPY simulator/package.json simulator/
COPY local/package.json local/
COPY cli/package.json cli/
COPY images/package.json images/
COPY cluster/package.json cluster/
COPY test/package.json test/
# Not `npm ci`, which refuses a lock file without the optional packages of other platforms. This keeps to the lock file too.
RUN --mount=type=cache,target=/root/.npm npm install --no-save --ignore-scripts --omit=dev --no-progress

FROM packages AS source
COPY . .

# Node and the libraries that it needs, of the image above: no shell, no package manager.
FROM docker.io/library/node:24-bookworm-slim AS runtime-files
COPY images/runtime /source
RUN node /source/main.ts /runtime

FROM scratch AS runtime
COPY --from=runtime-files /runtime /
ENV PATH=/usr/local/bin NODE_ENV=production
WORKDIR /app
USER 1000:1000
ENTRYPOINT ["node", "/app/main.js"]
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.vendor="The Berth authors"

FROM source AS operator-app
RUN node images/bundle/main.ts operator /app

FROM source AS gateway-app
RUN node images/bundle/main.ts gateway /app

FROM source AS worker-app
RUN node images/bundle/main.ts worker /app

FROM source AS simulator-app
RUN node images/bundle/main.ts simulator /app

# The command line is in it too: node /app/berth.js
FROM runtime AS operator
COPY --from=operator-app /app /app
EXPOSE 8081
LABEL org.opencontainers.image.title="Berth operator" \
      org.opencontainers.image.licenses="Apache-2.0 AND ISC AND MIT"

FROM runtime AS gateway
COPY --from=gateway-app /app /app
EXPOSE 8080 9090
LABEL org.opencontainers.image.title="Berth gateway" \
      org.opencontainers.image.licenses="Apache-2.0 AND BSD-3-Clause AND BlueOak-1.0.0 AND ISC AND MIT"

FROM runtime AS worker
COPY --from=worker-app /app /app
EXPOSE 8080
LABEL org.opencontainers.image.title="Berth worker" \
      org.opencontainers.image.licenses="AGPL-3.0-only AND Apache-2.0 AND BSD-3-Clause AND BlueOak-1.0.0 AND GPL-3.0 AND ISC AND MIT"

FROM runtime AS simulator
COPY --from=simulator-app /app /app
EXPOSE 7800
LABEL org.opencontainers.image.title="Berth's WhatsApp simulator, for development and tests" \
      org.opencontainers.image.licenses="AGPL-3.0-only AND Apache-2.0 AND BSD-3-Clause AND BlueOak-1.0.0 AND GPL-3.0 AND ISC AND MIT"
