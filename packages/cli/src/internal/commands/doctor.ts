/**
 * `effect-oauth doctor`: the whole way to a first call, step by step, and what to do where it ends.
 */
import * as Fs from "node:fs/promises"

import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import {
  type AccessToken,
  ApiClient,
  Authorization,
  Challenge,
  ClientConfig,
  IssuanceBudget,
  ReplaySchedule,
  ServerMetadata,
  TokenCache,
  TokenEndpoint
} from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

import { harmless } from "../ansi.js"
import * as client from "../client.js"
import * as diagnosis from "../diagnosis.js"
import { explain, type Explanation } from "../explain.js"
import * as jwt from "../jwt.js"
import * as privateFile from "../privateFile.js"
import * as probe from "../probe.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"
import * as targetUrl from "../targetUrl.js"

export interface Options extends Common {
  readonly path: Option.Option<string>
  readonly json: boolean
}

type Report = (finding: diagnosis.Finding) => Effect.Effect<void>

const rest: ReadonlyArray<diagnosis.Step> = ["discovery", "authentication", "scope", "audience", "call"]

const file = (path: string | undefined): Effect.Effect<string | undefined> =>
  path === undefined
    ? Effect.succeed(undefined)
    : Effect.promise(() => Fs.readFile(path, "utf8").catch(() => undefined))

/** As `NodeTls` does: `http:` leads to this machine only, and requests to this machine use no proxy. */
const usesProxy = ({ host, isSecure }: probe.Target): boolean =>
  isSecure && !/^(localhost|::1|127(\.\d{1,3}){3})$/.test(host) &&
  ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"].some((name) =>
    (process.env[name] ?? "") !== ""
  )

/** Name, connection and certificate; false at the first that is wrong. */
const reach = (url: string, variable: string, { values }: settings.Settings, report: Report): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const target = probe.target(url)
    if (usesProxy(target)) {
      yield* report(diagnosis.skipped("connection", `${target.host} is reached through a proxy`))
      return true
    }
    const look = (finding: diagnosis.Finding) => Effect.as(report(finding), finding.verdict !== "wrong")
    if (!(yield* look(diagnosis.name(target.host, yield* probe.addresses(target.host), variable)))) return false
    if (!(yield* look(diagnosis.connection(target, yield* probe.connection(target), variable)))) return false
    if (!target.isSecure) {
      yield* report(diagnosis.skipped("certificate", `${target.host} is this machine, by http:`))
      return true
    }
    const ca = yield* file(values["OAUTH_TLS_CA_FILE"])
    const extraCa = yield* file(values["OAUTH_TLS_EXTRA_CA_FILE"])
    const certificate = yield* file(values["OAUTH_TLS_CERTIFICATE_FILE"])
    const key = yield* file(values["OAUTH_TLS_KEY_FILE"])
    const tried = yield* probe.handshake(target, { ca, extraCa, certificate, key })
    return yield* look(diagnosis.certificate(target, tried, yield* Clock.currentTimeMillis, variable))
  })

/** How far the server's clock is ahead, by the `Date` of any answer (RFC 9110 section 6.6.1), which is cut to a second. */
const offset = (url: string): Effect.Effect<number | undefined, never, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const http = yield* HttpClient.HttpClient
    const before = yield* Clock.currentTimeMillis
    const response = yield* http.execute(HttpClientRequest.get(url))
    const now = (before + (yield* Clock.currentTimeMillis)) / 2
    yield* Effect.ignore(response.text)
    const date = Date.parse(response.headers["date"] ?? "")
    return Number.isNaN(date) ? undefined : date + 500 - now
  }).pipe(Effect.scoped, Effect.timeout("10 seconds"), Effect.orElseSucceed(() => undefined))

/** Requests a new token each time, counted where a limit is set, and reports a failure at once: nothing is retried. */
const services = (chosen: settings.Settings) =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const limit = yield* client.budget(chosen)
    const network = TokenEndpoint.layer()
    const endpoint = limit === undefined ? network : Layer.provide(IssuanceBudget.layer(limit), network)
    return ApiClient.layer.pipe(
      Layer.provide([Authorization.layer, Layer.succeed(ReplaySchedule.ReplaySchedule, Schedule.stop)]),
      Layer.provideMerge(TokenCache.layer({ retryTimeout: 0 })),
      Layer.provide(endpoint),
      Layer.provideMerge(ServerMetadata.layer())
    )
  }))

const granted = (token: AccessToken.AccessToken, found: jwt.Jwt | undefined) =>
  token.scope ?? (found === undefined ? undefined : jwt.scope(found))

/** The messages of the library say what to change. */
const failed = ({ message, outcome }: Explanation): diagnosis.Outcome => ({
  _tag: "Failed",
  problem: message,
  remedy: outcome === "api" ? "Check API_BASE_URL." : undefined
})

/** Where a redirect leads. Its query may hold anything. */
const destination = (location: string | undefined, url: string): string | undefined => {
  if (location === undefined || !URL.canParse(location, url)) return undefined
  const { origin, pathname } = new URL(location, url)
  return `${origin}${pathname}`.slice(0, 200)
}

const first = (path: string, report: Report) =>
  Effect.gen(function*() {
    const { api } = yield* ClientConfig.ClientConfig
    const url = yield* targetUrl.make(path, "", api)
    const calls = yield* ApiClient.ApiClient
    const answered = yield* Effect.either(Effect.scoped(Effect.gen(function*() {
      const response = yield* calls.execute(HttpClientRequest.get(url))
      yield* Effect.ignore(response.text)
      return response
    })))
    if (Either.isLeft(answered)) {
      const { left } = answered
      return yield* report(diagnosis.call(
        url,
        left._tag === "InsufficientScope"
          ? { _tag: "InsufficientScope", scope: left.scope }
          : left._tag === "InsufficientUserAuthentication" || left._tag === "PathNotAllowed" ||
              left._tag === "InsufficientClaims"
          ? { _tag: "Explained", problem: left.message }
          : failed(explain(left))
      ))
    }
    const { headers, status } = answered.right
    const challenge = Challenge.parse(headers["www-authenticate"] ?? "").find(({ parameters }) => parameters["error"])
    return yield* report(diagnosis.call(
      url,
      status === 401 || status === 403
        ? { _tag: "Refused", status, error: challenge?.parameters["error"] }
        : {
          _tag: "Answered",
          status,
          location: destination(headers["location"], url),
          contentType: headers["content-type"]
        }
    ))
  })

const examine = (options: Options, chosen: settings.Settings, report: Report) =>
  Effect.gen(function*() {
    const config = yield* ClientConfig.ClientConfig
    const { request } = config
    const skipped = (steps: ReadonlyArray<diagnosis.Step>) =>
      Effect.forEach(steps, (step) => report(diagnosis.skipped(step, "what comes before must work first")), {
        discard: true
      })

    const server = request.tokenUrl ?? request.issuer ?? ""
    const variable = request.tokenUrl === undefined ? "OAUTH_ISSUER" : "OAUTH_TOKEN_URL"
    if (!(yield* reach(server, variable, chosen, report))) return yield* skipped(rest)
    yield* report(diagnosis.clock(yield* offset(server)))

    const metadata = yield* Effect.either(Effect.flatMap(ServerMetadata.ServerMetadata, ({ get }) => get))
    if (Either.isLeft(metadata)) {
      yield* report(diagnosis.discovery({ problem: metadata.left.message }))
      return yield* skipped(rest.slice(1))
    }
    yield* report(diagnosis.discovery(
      request.tokenUrl === undefined ? { tokenEndpoint: metadata.right.tokenEndpoint } : undefined
    ))
    const token = yield* Effect.either(Effect.flatMap(TokenCache.TokenCache, ({ get }) => get))
    if (Either.isLeft(token)) {
      yield* report(diagnosis.authentication({ failure: token.left.message }))
      return yield* skipped(rest.slice(2))
    }
    const { method } = config.authentication(metadata.right.authenticationMethods)
    const { expiresAt, requestedAt, value } = token.right
    yield* report(diagnosis.authentication({ method, life: expiresAt - requestedAt }))
    const found = jwt.read(Redacted.value(value))
    const words = (text: string | undefined) => (text ?? "").split(" ").filter((one) => one !== "")
    yield* report(diagnosis.scope(words(request.scope), granted(token.right, found)))
    yield* report(diagnosis.audience(
      [...words(request.resource), ...(request.audience === undefined ? [] : [request.audience])],
      found === undefined ? undefined : jwt.audience(found)
    ))
    if (config.api.origins.size === 0) return yield* skipped(["call"])
    if (new URL(config.api.baseUrl).origin !== new URL(server).origin) {
      if (!(yield* reach(config.api.baseUrl, "API_BASE_URL", chosen, report))) return yield* skipped(["call"])
    }
    return yield* first(Option.getOrElse(options.path, () => ""), report)
  })

const marks = { ok: "✓", warning: "!", wrong: "✗", skipped: "·" } as const

const line = ({ remedy, says, step, verdict }: diagnosis.Finding, { out }: Screen["Type"]): string => {
  const paint = { ok: out.green, warning: out.yellow, wrong: out.red, skipped: out.dim }[verdict]
  const text = `${paint(marks[verdict])} ${out.bold(step.padEnd(14))} ${harmless(says)}`
  return remedy === undefined ? text : `${text}\n  ${" ".repeat(14)} ${out.cyan("→")} ${harmless(remedy)}`
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const findings: Array<diagnosis.Finding> = []
    const report: Report = (finding) => {
      findings.push(finding)
      return options.json ? Effect.void : screen.print(line(finding, screen))
    }
    const chosen = yield* settings.load(options.profile)
    const base = client.layerBase(chosen)
    const configured = yield* Effect.either(Effect.scoped(Layer.build(base)))
    yield* report(diagnosis.configuration(
      chosen.origin,
      Either.isLeft(configured) ? explain(configured.left).message : undefined
    ))
    const secret = chosen.values["OAUTH_CLIENT_SECRET_FILE"] ?? chosen.values["OAUTH_PRIVATE_KEY_FILE"]
    if (secret !== undefined && (yield* privateFile.isOpen(secret)) === true) {
      yield* report(diagnosis.openSecret(secret))
    }
    if (Either.isRight(configured)) {
      yield* examine(options, chosen, report).pipe(Effect.provide(Layer.provideMerge(services(chosen), base)))
    }
    const { isGood, says } = diagnosis.result(findings)
    if (options.json) yield* screen.print(JSON.stringify(findings))
    else {
      yield* screen.print("")
      yield* screen.print(isGood ? screen.out.green(says) : screen.out.red(says))
    }
    return isGood ? "success" : "unwell"
  })
