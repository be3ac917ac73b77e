/**
 * The formats of a printed token, for a shell, a program or kubectl.
 */
import type * as AccessToken from "@effect-oauth/client-credentials/AccessToken"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import * as handedOver from "./handedOver.js"
import type { formats } from "./tokenFormats.js"

export type Format = typeof formats[number]

/** The version of ExecCredential that kubectl states in its environment, else the one of Kubernetes 1.22 and newer. */
const execVersion = (info: string | undefined): string => {
  const [, version = "v1"] = /"apiVersion"\s*:\s*"client\.authentication\.k8s\.io\/(v1(?:beta1)?)"/.exec(info ?? "") ??
    []
  return `client.authentication.k8s.io/${version}`
}

export const write = (format: Format, token: AccessToken.AccessToken): Effect.Effect<string> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const value = Redacted.value(token.value)
    switch (format) {
      case "token":
        return value
      case "header":
        return `Authorization: Bearer ${value}`
      case "env":
        // The characters of tokens (RFC 6750 section 2.1) need no quotes, in a shell or a file of variables.
        return Object.entries(handedOver.variablesOf(token)).map(([name, text]) => `${name}=${text}`).join("\n")
      case "exec-credential":
        return JSON.stringify({
          apiVersion: execVersion(process.env["KUBERNETES_EXEC_INFO"]),
          kind: "ExecCredential",
          status: { token: value, expirationTimestamp: new Date(token.expiresAt).toISOString().replace(/\.\d+Z$/, "Z") }
        })
      case "json":
        return JSON.stringify({
          access_token: value,
          token_type: "Bearer",
          expires_in: Math.max(0, Math.floor((token.expiresAt - now) / 1000)),
          expires_at: new Date(token.expiresAt).toISOString(),
          ...(token.scope === undefined ? {} : { scope: token.scope.join(" ") })
        })
    }
  })
