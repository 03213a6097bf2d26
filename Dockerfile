# syntax=docker/dockerfile:1
# Every image of Rig, one target each: conductor, proxy, egress, verifier, agent-runtime, kubelet.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG GO_IMAGE=golang:1.26.8-bookworm

# What each image has in its folder, laid out by the same script that the tests run.
FROM ${NODE_IMAGE} AS layouts
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.npm node hack/images/main.mjs /layouts

FROM ${GO_IMAGE} AS kubelet-build
WORKDIR /src/kubelet
COPY kubelet/go.mod kubelet/go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY kubelet/ ./
ENV CGO_ENABLED=0
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags '-s -w' -o /out/rig-kubelet . && \
    go build -trimpath -ldflags '-s -w' -o /out/rig-kubelet-shim ./shim

# Programs run as nobody in particular on a root that is mounted read-only: what they write has a volume.
FROM ${NODE_IMAGE} AS node
ENV NODE_ENV=production HOME=/tmp
WORKDIR /opt/rig
USER 65532:65532

FROM node AS proxy
COPY --from=layouts /layouts/proxy ./
ENTRYPOINT ["node", "proxy/main.ts"]

FROM node AS egress
COPY --from=layouts /layouts/egress ./
ENTRYPOINT ["node", "egress/main.ts"]

# The git gateway, the changes that are judged and the agents' workspaces are git's own work.
FROM ${NODE_IMAGE} AS git
RUN apt-get update && \
    apt-get install --yes --no-install-recommends ca-certificates git && \
    rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production HOME=/tmp
WORKDIR /opt/rig
USER 65532:65532

FROM git AS conductor
COPY --from=layouts /layouts/conductor ./
ENTRYPOINT ["node", "operator/main.ts"]

FROM git AS verifier
COPY --from=layouts /layouts/verifier ./
ENTRYPOINT ["node", "verifier/main.ts"]

FROM git AS agent-runtime
COPY --from=layouts /layouts/agent-runtime ./
ENTRYPOINT ["node", "agent-image/main.ts"]

# For nodes, which copy the binaries out of it: a kubelet that runs pods as processes of its host is nothing for a pod.
FROM scratch AS kubelet
COPY --from=kubelet-build /out/ /
USER 65532:65532
ENTRYPOINT ["/rig-kubelet"]
