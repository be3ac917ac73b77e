/**
 * Locations of the modules of Effect 3 in Effect 4.
 */

/** A module by its path, and the barrel that exports it under its name. */
export interface Module {
  readonly barrel: string
  readonly name: string
}

const http = [
  "Cookies",
  "FetchHttpClient",
  "Headers",
  "HttpBody",
  "HttpClient",
  "HttpClientError",
  "HttpClientRequest",
  "HttpClientResponse",
  "HttpIncomingMessage",
  "HttpMethod",
  "HttpMiddleware",
  "HttpServer",
  "HttpServerRequest",
  "HttpServerResponse",
  "UrlParams"
]

/** Modules that have another name, or another barrel than most of their package. */
export const moved: Readonly<Record<string, Module>> = {
  "effect/Either": { barrel: "effect", name: "Result" },
  "effect/TestClock": { barrel: "effect/testing", name: "TestClock" },
  "effect/FastCheck": { barrel: "fast-check", name: "*" },
  "effect/ConfigError": { barrel: "effect", name: "Config" },
  "@effect/opentelemetry/Otlp": { barrel: "effect/observability", name: "Otlp" },
  "@effect/platform/HttpLayerRouter": { barrel: "effect/http", name: "HttpRouter" },
  "@effect/vitest/it": { barrel: "@effect/vitest", name: "it" },
  "@effect/platform-node/Undici": { barrel: "@effect/platform-node/Undici", name: "*" },
  "@effect/platform-node/NodeContext": { barrel: "@effect/platform-node", name: "NodeServices" }
}

/** Returns the module of Effect 4 for one of Effect 3 that kept its name; undefined for modules of others. */
export const target = (module: string): Module | undefined => {
  const [, barrel, name] = /^(effect|@effect\/[^/]+)\/(\w+)$/.exec(module) ?? []
  if (barrel === undefined || name === undefined) return undefined
  if (barrel === "@effect/platform") {
    if (name.startsWith("HttpApi") || name === "OpenApi") return { barrel: "effect/http-api", name }
    return { barrel: http.includes(name) ? "effect/http" : "effect", name }
  }
  if (barrel === "@effect/cluster") return { barrel: "effect/cluster", name }
  if (barrel === "@effect/sql") return { barrel: "effect/sql", name }
  return { barrel, name }
}
