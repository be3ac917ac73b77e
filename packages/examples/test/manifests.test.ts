/**
 * The Kubernetes manifests of the documents: their structure, as Kubernetes reads it, and that the layers of a worker read
 * their variables and files.
 */
import { randomBytes } from "node:crypto"
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { ConfigProvider, Effect, Layer, Schema } from "effect"
import { parseAllDocuments } from "yaml"

const root = new URL("../../../", import.meta.url)

const Name = Schema.String.pipe(Schema.pattern(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/))
const Port = Schema.Int.pipe(Schema.between(1, 65_535))
const Labels = Schema.Record({ key: Schema.String, value: Schema.String })
const Quantity = Schema.String.pipe(Schema.pattern(/^\d+(m|Mi|Gi)?$/))
const seconds = { periodSeconds: Schema.Positive }

const Env = Schema.Union(
  Schema.Struct({ name: Schema.String, value: Schema.String }),
  Schema.Struct({
    name: Schema.String,
    valueFrom: Schema.Struct({ secretKeyRef: Schema.Struct({ name: Name, key: Schema.String }) })
  })
)

const Container = Schema.Struct({
  name: Name,
  image: Schema.String.pipe(Schema.pattern(/:\d[\w.]*$/)),
  env: Schema.NonEmptyArray(Env),
  ports: Schema.Array(Schema.Struct({ containerPort: Port })),
  resources: Schema.Struct({
    requests: Schema.Struct({ cpu: Quantity, memory: Quantity }),
    limits: Schema.Struct({ memory: Quantity })
  }),
  securityContext: Schema.Struct({
    allowPrivilegeEscalation: Schema.Literal(false),
    readOnlyRootFilesystem: Schema.Literal(true),
    capabilities: Schema.Struct({ drop: Schema.Tuple(Schema.Literal("ALL")) })
  }),
  readinessProbe: Schema.Struct({
    httpGet: Schema.Struct({ path: Schema.String.pipe(Schema.startsWith("/")), port: Port }),
    ...seconds
  }),
  livenessProbe: Schema.Struct({ tcpSocket: Schema.Struct({ port: Port }), ...seconds }),
  volumeMounts: Schema.Array(Schema.Struct({
    name: Name,
    mountPath: Schema.String.pipe(Schema.startsWith("/")),
    readOnly: Schema.Literal(true)
  }))
}).annotations({ identifier: "Container" })

const Secret = Schema.Struct({
  apiVersion: Schema.Literal("v1"),
  kind: Schema.Literal("Secret"),
  metadata: Schema.Struct({ name: Name }),
  stringData: Schema.Record({ key: Schema.String, value: Schema.String })
}).annotations({ identifier: "Secret" })

const Deployment = Schema.Struct({
  apiVersion: Schema.Literal("apps/v1"),
  kind: Schema.Literal("Deployment"),
  metadata: Schema.Struct({ name: Name }),
  spec: Schema.Struct({
    replicas: Schema.Positive,
    selector: Schema.Struct({ matchLabels: Labels }),
    strategy: Schema.Struct({
      rollingUpdate: Schema.Struct({
        maxSurge: Schema.String.pipe(Schema.pattern(/^\d+%$/)),
        maxUnavailable: Schema.NonNegative
      })
    }),
    template: Schema.Struct({
      metadata: Schema.Struct({ labels: Labels }),
      spec: Schema.Struct({
        terminationGracePeriodSeconds: Schema.Positive,
        containers: Schema.NonEmptyArray(Container),
        securityContext: Schema.Struct({
          runAsNonRoot: Schema.Literal(true),
          runAsUser: Schema.Positive,
          fsGroup: Schema.Positive
        }),
        volumes: Schema.Array(Schema.Struct({
          name: Name,
          secret: Schema.Struct({ secretName: Name, defaultMode: Schema.Int.pipe(Schema.between(0, 0o777)) })
        }))
      })
    })
  })
}).annotations({ identifier: "Deployment" })

/** A kind or a field that is not here fails, and so does a misspelled one. */
const Manifest = Schema.Union(Secret, Deployment)

const decode = Schema.decodeUnknownSync(Manifest, { onExcessProperty: "error" })

/** As Kubernetes reads them: a mode such as 0440 is octal. */
const manifestsIn = (text: string) =>
  parseAllDocuments(text, { version: "1.1" }).map((document) => {
    assert.deepStrictEqual([...document.errors, ...document.warnings], [])
    return decode(document.toJS())
  })

const documents = readdirSync(new URL("guides/", root)).filter((name) => name.endsWith(".md")).flatMap((name) => {
  const text = readFileSync(new URL(`guides/${name}`, root), "utf8")
  const blocks = [...text.matchAll(/^```ya?ml\n(.*?)^```$/gms)].map(([, block = ""]) => block)
  const prose = text.replaceAll(/^```.*?^```$/gms, "")
  return blocks.filter((block) => /^kind:/m.test(block)).map((block) => ({ name, block, prose }))
})

/** Builds what a worker of a fleet reads its settings with, and returns the names of all variables that it read. */
const variablesRead = (environment: ReadonlyMap<string, string>) =>
  Effect.gen(function*() {
    const names = new Set<string>()
    const provider = ConfigProvider.mapInputPath(ConfigProvider.fromMap(new Map(environment)), (name) => {
      names.add(name)
      return name
    })
    const store = RedisTokenStore.layerEnv()
    yield* Layer.build(
      SharedClientCredentials.layerEnv().pipe(
        Layer.provide([store, TokenSeal.layerEnv(), NodeHttpClient.layerUndici]),
        Layer.provide(NodeContext.layer)
      )
    ).pipe(Effect.scoped, Effect.withConfigProvider(provider))
    return names
  })

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-oauth-manifests-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Values of the secrets, whatever their manifests have in their place. */
const secrets: Readonly<Record<string, string>> = {
  "client-secret": "test-secret-0123456789",
  "store-key": randomBytes(32).toString("base64"),
  url: "redis://127.0.0.1:1"
}

it("are found", () => assert.include(documents.map(({ name }) => name), "fleet-topologies.md"))

for (const { block, name, prose } of documents) {
  describe(`the manifests of ${name}`, () => {
    const all = manifestsIn(block)
    const known = all.flatMap((one) => one.kind === "Secret" ? [one] : [])
    const workloads = all.flatMap((one) => one.kind === "Deployment" ? [one] : [])

    const assertKey = (secret: string, key: string) => {
      const found = known.find(({ metadata }) => metadata.name === secret)
      if (found !== undefined) assert.property(found.stringData, key)
      else for (const part of [secret, key]) assert.include(prose, `\`${part}\``)
    }

    it("have selectors, ports and volumes that fit, and secrets that exist or are explained", () => {
      for (const { spec: { selector, template } } of workloads) {
        assert.deepInclude(template.metadata.labels, selector.matchLabels)
        const volumes = template.spec.volumes.map(({ name }) => name)
        assert.includeMembers(
          known.map(({ metadata }) => metadata.name),
          template.spec.volumes.map((one) => one.secret.secretName)
        )
        for (const container of template.spec.containers) {
          const ports = container.ports.map(({ containerPort }) => containerPort)
          assert.includeMembers(ports, [container.readinessProbe.httpGet.port, container.livenessProbe.tcpSocket.port])
          assert.sameMembers(container.volumeMounts.map(({ name }) => name), volumes)
          for (const one of container.env) {
            if ("valueFrom" in one) assertKey(one.valueFrom.secretKeyRef.name, one.valueFrom.secretKeyRef.key)
          }
        }
      }
    })

    it.scopedLive("set no variable that is not read, and mount the files that are", () =>
      Effect.gen(function*() {
        for (const { spec: { template: { spec } } } of workloads) {
          const base = yield* directory
          for (const { env, volumeMounts } of spec.containers) {
            for (const { mountPath, name } of volumeMounts) {
              const volume = spec.volumes.find((one) => one.name === name)
              const secret = known.find(({ metadata }) => metadata.name === volume?.secret.secretName)
              mkdirSync(join(base, mountPath), { recursive: true })
              for (const key of Object.keys(secret?.stringData ?? {})) {
                writeFileSync(join(base, mountPath, key), secrets[key] ?? "")
                chmodSync(join(base, mountPath, key), volume?.secret.defaultMode ?? 0)
              }
            }
            const environment = new Map(env.map((one) => {
              if ("valueFrom" in one) return [one.name, secrets[one.valueFrom.secretKeyRef.key] ?? ""]
              return [one.name, one.name.endsWith("_FILE") ? join(base, one.value) : one.value]
            }))
            assert.strictEqual(environment.size, env.length, "a variable is set twice")
            assert.includeMembers([...yield* variablesRead(environment)], [...environment.keys()])
          }
        }
      }))
  })
}
