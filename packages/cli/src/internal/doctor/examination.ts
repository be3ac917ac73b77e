/**
 * The examination of a client, step by step to a first call. It ends at the first problem that no tried change solves.
 */
import * as Fs from "node:fs/promises"

import type * as OAuthError from "@effect-oauth/client-credentials/OAuthError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

import { locations } from "../../../../client-credentials/dist/internal/protocol/metadata.js"
import * as transportFailure from "../../../../client-credentials/dist/internal/protocol/transportFailure.js"
import { explain } from "../explain.js"
import * as jwt from "../jwt.js"
import type { Settings } from "../settings.js"
import * as targetUrl from "../targetUrl.js"
import * as answers from "./answer.js"
import * as apiRules from "./apiRules.js"
import * as changes from "./change.js"
import * as discoveryRules from "./discoveryRules.js"
import * as exchangeRules from "./exchangeRules.js"
import * as facts from "./facts.js"
import { type Finding, skipped, type Step } from "./finding.js"
import * as issuedRules from "./issuedRules.js"
import * as networkRules from "./networkRules.js"
import * as probe from "./probe.js"
import { reach } from "./reach.js"
import * as session from "./session.js"
import * as tokenRules from "./tokenRules.js"
import * as trials from "./trials.js"

export interface Options {
  /** The path to call in the end. */
  readonly path: string
  /** The longest time to wait for each response, in milliseconds. */
  readonly timeout: number
}

type Report = (finding: Finding) => Effect.Effect<void>

const steps: ReadonlyArray<Step> = ["discovery", "authentication", "scope", "audience", "call"]

const skip = (report: Report, from: Step) =>
  Effect.forEach(
    steps.slice(steps.indexOf(from)),
    (step) => report(skipped(step, "what comes before must work first")),
    { discard: true }
  )

/** Timeout of the requests for documents and clocks, in milliseconds. */
const glance = 3000

const variableOf = ({ chosen }: session.Session) =>
  chosen.values["OAUTH_TOKEN_URL"] === undefined ? "OAUTH_ISSUER" as const : "OAUTH_TOKEN_URL" as const

/** The finding for a request without a response. */
const withoutAnswer = (
  { chosen: { values } }: session.Session,
  fact: Pick<exchangeRules.ExchangeFact, "detail" | "step" | "timeout" | "url" | "variable">
) =>
  Effect.gen(function*() {
    const target = probe.target(fact.url)
    const isTlsPort = !target.isSecure && (yield* probe.handshake(target, probe.anyone))._tag === "Found"
    return exchangeRules.failed({ ...fact, isTlsPort, values, value: values[fact.variable] ?? "" })
  })

const get = ({ get, recorded }: session.Session, url: string) =>
  Effect.gen(function*() {
    const before = recorded.answers.length
    yield* Effect.timeoutOption(get(url), glance)
    return recorded.answers[before]
  })

/** Documents of the same origin whose path is part of that of the URL: where one is that names the token endpoint. */
const documentsNear = (current: session.Session, url: string) =>
  Effect.gen(function*() {
    const { origin, pathname } = new URL(url)
    const segments = pathname.split("/").filter((one) => one !== "").slice(0, 4)
    const isLoopback = current.config.allowHttpLoopback
    const prefixes = Array.from({ length: segments.length + 1 }, (_, dropped) =>
      origin + segments.slice(0, segments.length - dropped).map((one) => `/${one}`).join(""))
    const places = new Set([...(pathname.includes("/.well-known/") ? [url] : []), ...prefixes.flatMap(locations)])
    for (const place of [...places].slice(0, 12)) {
      const answer = yield* get(current, place)
      const found = answer === undefined ? undefined : discoveryRules.documentOf(answer, isLoopback)
      if (found?.issuer !== undefined) {
        return [found]
      }
    }
    return []
  })

const clock = ({ chosen, config, recorded }: session.Session, method: string) => {
  const offset = recorded.answers.map(answers.offset).filter((one) => one !== undefined).at(-1)
  return offset === undefined ? skipped("clock", "the server sends no date") : networkRules.clock({
    offset,
    isDated: config.dpop !== undefined || /_jwt$/.test(method),
    values: chosen.values
  })
}

/** Reports the clock and the metadata. Returns undefined if they cannot be used. */
const discovery = (current: session.Session, report: Report, options: Options) =>
  Effect.gen(function*() {
    const { issuer = "", tokenUrl } = current.config.request
    if (tokenUrl !== undefined) yield* get(current, tokenUrl)
    const metadata = yield* current.metadata
    if (Either.isRight(metadata)) {
      const server = metadata.right
      const { method } = current.config.authentication(server.authenticationMethods)
      yield* report(clock(current, method))
      yield* report(
        tokenUrl === undefined
          ? discoveryRules.found(server.tokenEndpoint)
          : skipped("discovery", "the token URL is configured")
      )
      const allowed = current.config.allowHttpLoopback
      const document = current.recorded.answers.map((one) => discoveryRules.documentOf(one, allowed))
        .find((one) => tokenUrl === undefined && one?.issuer === issuer)
      return { server, method, document }
    }
    yield* report(clock(current, ""))
    const error = metadata.left
    const detail = facts.transport(error)
    if (detail !== undefined) {
      const { timeout } = options
      yield* report(
        yield* withoutAnswer(current, { step: "discovery", variable: "OAUTH_ISSUER", url: issuer, detail, timeout })
      )
      return undefined
    }
    const own = current.recorded.answers.slice()
    const found = own.flatMap((one) => discoveryRules.documentOf(one, current.config.allowHttpLoopback) ?? [])
    yield* report(discoveryRules.failed({
      issuer,
      answers: own,
      documents: found.some((one) => one.issuer !== undefined) ? found : yield* documentsNear(current, issuer),
      problem: explain(error).message,
      values: current.chosen.values
    }))
    return undefined
  })

type Discovered = NonNullable<Effect.Effect.Success<ReturnType<typeof discovery>>>

/** Returns whether the encodings of basic authentication differ for the id or the secret. */
const isSpecial = ({ values }: Settings) =>
  Effect.gen(function*() {
    const path = values["OAUTH_CLIENT_SECRET_FILE"]
    const secret = values["OAUTH_CLIENT_SECRET"] ??
      (path === undefined ? "" : yield* Effect.promise(() => Fs.readFile(path, "utf8").catch(() => "")))
    return /[^A-Za-z0-9*._-]/.test(`${values["OAUTH_CLIENT_ID"] ?? ""}${secret.replace(/\r?\n$/, "")}`)
  })

const requests = (all: ReadonlyArray<session.Session>): number =>
  all.reduce((sum, { recorded }) => sum + recorded.tokenRequests, 0)

const rejected = (
  current: session.Session,
  { document, method, server }: Discovered,
  error: OAuthError.TokenError
) =>
  Effect.gen(function*() {
    const answer = session.tokenAnswers(current).at(-1)
    const now = yield* Clock.currentTimeMillis
    const fact: tokenRules.TokenFact = {
      ...facts.rejection(error, answer, now),
      url: answer?.url ?? server.tokenEndpoint,
      method,
      methods: server.authenticationMethods,
      scopes: document?.scopes,
      isSpecial: yield* isSpecial(current.chosen),
      offset: answer === undefined ? undefined : answers.offset(answer),
      values: current.chosen.values
    }
    // The URL can differ only if it is configured.
    if (!tokenRules.isWrongUrl(fact) || current.config.request.tokenUrl === undefined) return fact
    const [near] = yield* documentsNear(current, fact.url)
    return {
      ...fact,
      foundEndpoint:
        near?.tokenEndpoint !== undefined && new URL(near.tokenEndpoint).origin === new URL(fact.url).origin
          ? near.tokenEndpoint
          : undefined
    }
  })

/** The rejection of a client with other settings. */
const rejectedAgain = (current: session.Session, fact: tokenRules.TokenFact, error: OAuthError.TokenError) =>
  Effect.gen(function*() {
    const rejection = facts.rejection(error, session.tokenAnswers(current).at(-1), yield* Clock.currentTimeMillis)
    const { method } = current.config.authentication(fact.methods)
    return { ...fact, ...rejection, method, values: current.chosen.values }
  })

/** States that the current credential was rejected, where the response to the previous one differs. */
const before = (current: session.Session, fact: tokenRules.TokenFact): string => {
  const [first] = session.tokenAnswers(current)
  return first === undefined || first.status === fact.status || !issuedRules.hasPrevious(fact)
    ? ""
    : `; before that, it rejected the current credential (${first.status})`
}

/** Tries other settings; the client with which the server issued a token. */
const tryOthers = (failed: session.Session, fact: tokenRules.TokenFact, { timeout }: Options) =>
  Effect.gen(function*() {
    const tried: Array<trials.Trial> = []
    const sessions: Array<session.Session> = []
    for (let change = trials.next(fact, tried); change !== undefined; change = trials.next(fact, tried)) {
      const values = changes.applied(change, failed.chosen.values)
      const made = yield* Effect.either(session.make({ ...failed.chosen, values }, timeout))
      if (Either.isLeft(made)) {
        tried.push({ change, fact: undefined })
        continue
      }
      const current = made.right
      const token = yield* current.token
      sessions.push(current)
      if (Either.isRight(token)) return { found: { change, token: token.right, current }, tried, sessions }
      // A change without a request, of an algorithm that the key does not have, was none.
      const hasSent = current.recorded.tokenRequests > 0
      tried.push({ change, fact: hasSent ? yield* rejectedAgain(current, fact, token.left) : undefined })
    }
    return { found: undefined, tried, sessions }
  })

/** Requests a token, with other settings if the server rejects these. Returns undefined if no token is issued. */
const authentication = (current: session.Session, found: Discovered, report: Report, options: Options) =>
  Effect.gen(function*() {
    const token = yield* current.token
    if (Either.isRight(token)) {
      const { expiresAt, requestedAt } = token.right
      yield* report(issuedRules.authentication({
        method: found.method,
        life: expiresAt - requestedAt,
        answers: session.tokenAnswers(current),
        requests: requests([current]),
        values: current.chosen.values
      }))
      return { current, token: token.right }
    }
    const error = token.left
    const detail = facts.transport(error)
    const other = detail === undefined
      ? facts.withoutResponse(error)
      : yield* withoutAnswer(current, {
        step: "authentication",
        variable: variableOf(current),
        url: found.server.tokenEndpoint,
        detail,
        timeout: options.timeout
      })
    if (other !== undefined) return yield* Effect.as(report(other), undefined)
    const fact = yield* rejected(current, found, error)
    const others = yield* tryOthers(current, fact, options)
    const count = requests([current, ...others.sessions])
    const hasToken = others.found !== undefined ||
      others.tried.some((one) => one.fact !== undefined && tokenRules.mayHaveToken(one.fact))
    const sent = count > 1 ? ` (${count} token requests, ${hasToken ? "1 token" : "no token"})` : ""
    const finding = others.found === undefined
      ? trials.unsuccessful(fact, others.tried)
      : trials.successful(others.found.change, fact, others.tried)
    yield* report({ ...finding, message: finding.message + before(current, fact) + sent })
    return others.found
  })

const words = (text: string | undefined) => (text ?? "").split(" ").filter((one) => one !== "")

const call = (current: session.Session, token: Redacted.Redacted<string>, { path, timeout }: Options) =>
  Effect.gen(function*() {
    const { api } = current.config
    const { values } = current.chosen
    const url = yield* targetUrl.make(path, "", api)
    const before = current.recorded.answers.length
    const called = yield* Effect.timeoutOption(current.call(url), timeout)
    const answer = current.recorded.answers.slice(before).at(-1)
    if (answer !== undefined) return apiRules.call({ answer, values, token, now: yield* Clock.currentTimeMillis })
    const error = called._tag === "Some" && Either.isLeft(called.value) ? called.value.left : undefined
    if (error?._tag === "PathNotAllowed" || error?._tag === "OriginNotAllowed") {
      return {
        step: "call",
        verdict: "wrong",
        code: "path",
        message: `${url} is not below API_BASE_URL, so nothing was sent`,
        remedy:
          "Pass a path below it; API_ALLOW_OUTSIDE_BASE_PATH=true allows other paths, and API_ORIGINS other origins."
      } satisfies Finding
    }
    if (error !== undefined && error._tag !== "RequestError" && error._tag !== "ResponseError") {
      return { step: "call", verdict: "wrong", code: "call", message: explain(error).message } satisfies Finding
    }
    const detail = error === undefined ? "timeout" : transportFailure.reason(error.cause).detail
    return yield* withoutAnswer(current, { step: "call", variable: "API_BASE_URL", url, detail, timeout })
  })

/** Examines a client, step by step. */
export const examine = (first: session.Session, report: Report, options: Options) =>
  Effect.gen(function*() {
    const { request } = first.config
    const server = request.tokenUrl ?? request.issuer ?? ""
    if (!(yield* reach(server, variableOf(first), first.chosen.values, report))) return yield* skip(report, "discovery")
    const found = yield* discovery(first, report, options)
    if (found === undefined) return yield* skip(report, "authentication")
    const authenticated = yield* authentication(first, found, report, options)
    if (authenticated === undefined) return yield* skip(report, "scope")
    const { current, token } = authenticated
    const claims = jwt.read(Redacted.value(token.value))
    yield* report(issuedRules.scope(words(request.scope), token.scope ?? (claims && jwt.scope(claims))))
    yield* report(issuedRules.audience(
      [...words(request.resource), ...(request.audience === undefined ? [] : [request.audience])],
      claims && jwt.audience(claims)
    ))
    const { api } = current.config
    if (api.origins.size === 0) return yield* report({ ...skipped("call", "no API is configured"), code: "no-api" })
    if (token.expiresAt - token.requestedAt < 1000) return yield* skip(report, "call")
    const isElsewhere = new URL(api.baseUrl).origin !== new URL(server).origin
    if (isElsewhere && !(yield* reach(api.baseUrl, "API_BASE_URL", current.chosen.values, report))) {
      return yield* skip(report, "call")
    }
    return yield* report(yield* call(current, token.value, options))
  })
