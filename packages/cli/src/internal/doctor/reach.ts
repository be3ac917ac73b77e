/**
 * The connection to a server: its name, the proxy, its port, its certificate. The first problem ends the check.
 */
import * as Fs from "node:fs/promises"
import type { Socket } from "node:net"

import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

import type { Values } from "../profileText.js"
import { type Finding, skipped } from "./finding.js"
import * as networkRules from "./networkRules.js"
import * as probe from "./probe.js"
import * as proxyChoice from "./proxyChoice.js"

const file = (path: string | undefined): Effect.Effect<string | undefined> =>
  path === undefined
    ? Effect.succeed(undefined)
    : Effect.promise(() => Fs.readFile(path, "utf8").catch(() => undefined))

type Report = (finding: Finding) => Effect.Effect<void>

interface Way {
  readonly url: string
  readonly variable: "API_BASE_URL" | "OAUTH_ISSUER" | "OAUTH_TOKEN_URL"
  readonly values: Values
  readonly target: probe.Target
}

const isWrong = ({ verdict }: Finding): boolean => verdict === "wrong"

/** Name and port, without a proxy; the findings, of which the last may be wrong. */
const direct = (way: Way): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.gen(function*() {
    const name = networkRules.name({ ...way, tried: yield* probe.addresses(way.target.host) })
    return isWrong(name)
      ? [name]
      : [name, networkRules.connection({ ...way, tried: yield* probe.connection(way.target) })]
  })

const lastIsWrong = (findings: ReadonlyArray<Finding>): boolean => findings.some(isWrong)

const throughProxy = (way: Way, proxy: proxyChoice.Proxy) =>
  Effect.gen(function*() {
    const tried = yield* probe.tunnel(proxy.url, way.target)
    const isOpen = tried._tag === "Found" && tried.value.socket !== undefined
    return {
      socket: isOpen ? tried.value.socket : undefined,
      finding: networkRules.proxy({
        ...way,
        tried,
        proxy: proxy.url.origin,
        proxyVariable: proxy.variable,
        hasCredentials: proxy.url.username !== "",
        isDirectPossible: isOpen ? false : !lastIsWrong(yield* direct(way))
      })
    }
  })

const certificate = (way: Way, socket: Socket | undefined) =>
  Effect.gen(function*() {
    const { target, values } = way
    const trust = {
      ca: yield* file(values["OAUTH_TLS_CA_FILE"]),
      extraCa: yield* file(values["OAUTH_TLS_EXTRA_CA_FILE"]),
      certificate: yield* file(values["OAUTH_TLS_CERTIFICATE_FILE"]),
      key: yield* file(values["OAUTH_TLS_KEY_FILE"]),
      minVersion: values["OAUTH_TLS_MIN_VERSION"] === "TLSv1.3" ? "TLSv1.3" as const : "TLSv1.2" as const
    }
    const tried = yield* probe.handshake(target, trust, socket)
    const hasFailed = tried._tag === "Failed" && tried.code !== "ETIMEDOUT" && socket === undefined
    const speaksHttp = hasFailed && (yield* probe.speaksHttp(target))
    const lower = hasFailed && !speaksHttp && /PROTOCOL|VERSION/.test(tried.code)
      ? yield* probe.handshake(target, { ...trust, minVersion: "TLSv1" })
      : undefined
    return networkRules.certificate({
      ...way,
      tried,
      now: yield* Clock.currentTimeMillis,
      speaksHttp,
      offered: lower?._tag === "Found" ? lower.value.protocol : undefined
    })
  })

/** Reports each step; returns false at the first that is wrong. */
export const reach = (
  url: string,
  variable: Way["variable"],
  values: Values,
  report: Report
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const way: Way = { url, variable, values, target: probe.target(url) }
    const valueOf = (name: string) => values[name] ?? process.env[name]
    const proxy = proxyChoice.configured(url, valueOf)
    const entry = proxyChoice.excepted(url, valueOf)
    const all = (findings: ReadonlyArray<Finding>) =>
      Effect.as(Effect.forEach(findings, report, { discard: true }), !lastIsWrong(findings))
    if (proxy !== undefined && entry === undefined) {
      const { finding, socket } = yield* throughProxy(way, proxy)
      if (!(yield* all([finding]))) return false
      return yield* all([yield* certificate(way, socket)])
    }
    const found = yield* direct(way)
    if (lastIsWrong(found) && proxy !== undefined && entry !== undefined) {
      const other = yield* throughProxy(way, proxy)
      other.socket?.destroy()
      if (!isWrong(other.finding)) {
        return yield* all(found.map((finding) =>
          isWrong(finding)
            ? networkRules.exceptedFromProxy({ ...way, entry, proxy: proxy.url.origin, finding })
            : finding
        ))
      }
    }
    if (!(yield* all(found))) return false
    return yield* all([
      way.target.isSecure
        ? yield* certificate(way, undefined)
        : skipped("certificate", `${way.target.host} is this machine, by http:`)
    ])
  })
