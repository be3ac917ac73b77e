/**
 * `effect-oauth call`: one call of the API, in the syntax of HTTPie.
 */
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"
import { METHODS } from "node:http"
import * as Path from "node:path"

import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as ApiClient from "@effect-oauth/client-credentials/ApiClient"
import * as Challenge from "@effect-oauth/client-credentials/Challenge"
import * as ClientConfig from "@effect-oauth/client-credentials/ClientConfig"
import * as OAuthError from "@effect-oauth/client-credentials/OAuthError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

import { classify } from "../../../../client-credentials/dist/internal/protocol/rejection.js"
import * as urls from "../../../../client-credentials/dist/internal/protocol/urls.js"
import { harmless, make as styleOf } from "../ansi.js"
import * as client from "../client.js"
import * as content from "../content.js"
import * as contentType from "../contentType.js"
import * as deadline from "../deadline.js"
import * as download from "../download.js"
import * as errorCode from "../errorCode.js"
import { Failure, usage } from "../Failure.js"
import * as httpMessage from "../httpMessage.js"
import { nearest } from "../nearest.js"
import * as network from "../network.js"
import { ofStatus } from "../outcome.js"
import * as printing from "../printing.js"
import * as redirects from "../redirects.js"
import * as requestItem from "../requestItem.js"
import * as responseBody from "../responseBody.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import type * as sentHeaders from "../sentHeaders.js"
import * as settings from "../settings.js"
import * as signInPage from "../signInPage.js"
import * as stdio from "../stdio.js"
import * as targetUrl from "../targetUrl.js"
import { version } from "../version.js"

export interface Options extends Common, deadline.Options {
  readonly args: ReadonlyArray<string>
  readonly form: boolean
  readonly multipart: boolean
  readonly boundary: Option.Option<string>
  readonly raw: Option.Option<string>
  readonly json: boolean
  readonly ignoreStdin: boolean
  readonly print: Option.Option<string>
  readonly headers: boolean
  readonly body: boolean
  readonly pretty: Option.Option<"all" | "colors" | "format" | "none">
  readonly download: boolean
  readonly output: Option.Option<string>
  readonly continue: boolean
  readonly follow: boolean
  readonly offline: boolean
  readonly showSecrets: boolean
}

const read = (path: string): Effect.Effect<Uint8Array, Failure> =>
  path === "-" ? stdio.readAll : Effect.tryPromise({
    try: () => Fs.readFile(path),
    catch: (error) =>
      new Failure({
        outcome: "file",
        message: `${path} could not be read (${errorCode.of(error)}).`,
        remedy: "Check the path, which starts where you are."
      })
  })

const text = (source: requestItem.Source): Effect.Effect<string, Failure> =>
  source._tag === "Text"
    ? Effect.succeed(source.text)
    : Effect.flatMap(read(source.path), (content) =>
      Effect.try({
        try: () => new TextDecoder("utf-8", { fatal: true }).decode(content),
        catch: () =>
          usage(
            `${source.path} is not valid UTF-8.`,
            "Convert it, send it as the body by @FILE, or upload it by --form and key@FILE."
          )
      }))

const loaded = (item: requestItem.RequestItem): Effect.Effect<httpMessage.Loaded, Failure> => {
  switch (item._tag) {
    case "UnsetHeader":
      return Effect.succeed(item)
    case "Upload":
      return Effect.gen(function*() {
        const content = yield* read(item.path)
        const type = item.type ?? (yield* contentType.guess(item.path))
        return { _tag: item._tag, name: item.name, file: { name: Path.basename(item.path), type, content } }
      })
    case "Header":
      // A file ends with a line break, a header must not.
      return Effect.flatMap(text(item.value), (value) =>
        requestItem.isHeaderValue(value.trim())
          ? Effect.succeed({ ...item, value: value.trim() })
          : usage(
            `What is to be the header ${item.name} has a line break or another control character in it.`,
            "Name a file with one line."
          ))
    default:
      return Effect.map(text(item.value), (value) => ({ ...item, value }))
  }
}

/** Headers that the HTTP client sets. */
const ofTheConnection = /^(content-length|transfer-encoding|expect|upgrade)$/i

/** Standard input is the body, as with HTTPie, unless the method is one that has none. */
const standardInput = (
  options: Options,
  method: string | undefined,
  items: ReadonlyArray<requestItem.RequestItem>
): Effect.Effect<Uint8Array | undefined, Failure, Screen> =>
  options.ignoreStdin || items.some(requestItem.isBody) ||
    !stdio.isRedirected(["POST", "PUT", "PATCH"].includes(method ?? "")) ||
    ["GET", "HEAD", "OPTIONS"].includes(method ?? "")
    ? Effect.succeed(undefined)
    : Effect.map(stdio.readBody, (content) => content.length === 0 ? undefined : content)

/** Fails as a call to the URL would if the token is not meant for it. */
const allowed = (url: string, api: urls.Destinations) => {
  const located = new urls.Rules(api).locate(url)
  switch (located._tag) {
    case "OriginNotAllowed":
      return Effect.fail(new OAuthError.OriginNotAllowed({ origin: located.origin, allowed: [...api.origins] }))
    case "PathNotAllowed":
      return Effect.fail(new OAuthError.PathNotAllowed({ baseUrl: api.baseUrl, path: located.path }))
    default:
      return Effect.void
  }
}

const message = (options: Options) =>
  Effect.gen(function*() {
    const { items, method, url } = yield* httpMessage.split(options.args)
    const meant = method === undefined || METHODS.includes(method) ? undefined : nearest(method, METHODS)
    if (meant !== undefined) {
      return yield* usage(`${method} is not a method of HTTP.`, `Did you mean ${meant}?`)
    }
    const garbled = options.args.findIndex((argument) => argument.includes("\ufffd"))
    if (garbled !== -1) {
      // Its value may be a secret, and is not shown.
      return yield* usage(
        `Argument ${garbled + 1} of call is not valid UTF-8.`,
        "Escape its bytes in a URL (%FF), or name a file with the value (name=@file)."
      )
    }
    const parsed = yield* requestItem.parse(items)
    if (parsed.some((item) => item._tag.endsWith("Header") && /^authorization$/i.test(item.name))) {
      return yield* usage(
        "Authorization is what this command is for: it is set by the token.",
        "Leave that header out."
      )
    }
    const own = parsed.find((item) => item._tag.endsWith("Header") && ofTheConnection.test(item.name))
    if (own !== undefined) {
      return yield* usage(`The header ${own.name} is set by what is sent and where to.`, "Leave it out.")
    }
    const raw = Option.isSome(options.raw)
      ? new TextEncoder().encode(options.raw.value)
      : yield* standardInput(options, method, parsed)
    const found = yield* httpMessage.make(yield* Effect.forEach(parsed, loaded), {
      method,
      form: options.form,
      json: options.json,
      multipart: options.multipart,
      raw,
      boundary: Option.getOrElse(options.boundary, () => randomUUID().replaceAll("-", ""))
    })
    const namesAgent = parsed.some((item) => item._tag.endsWith("Header") && /^user-agent$/i.test(item.name))
    return { url, message: found, agent: namesAgent ? undefined : `effect-oauth/${version}` }
  })

const build = (url: string, { body, headers, method }: httpMessage.Message): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method as HttpMethod)(url)
  return HttpClientRequest.setHeaders(
    body === undefined
      ? request
      : HttpClientRequest.setBody(request, HttpBody.uint8Array(body, headers.get("content-type") ?? "")),
    headers
  )
}

/** Explains a status that ends the call. */
const remark = (status: number, challenge: string | undefined, scheme: "bearer" | "dpop"): string => {
  const { _tag } = classify({ status, challenges: Challenge.parse(challenge ?? ""), scheme })
  if (_tag === "Rejected") {
    return "The API accepts neither the token nor a new one. Check OAUTH_AUDIENCE, OAUTH_RESOURCE and API_BASE_URL; " +
      "effect-oauth doctor compares them."
  }
  if (status === 401) return "The API rejected the authorization of the call; effect-oauth doctor shows the details."
  if (status === 403) {
    return "The token is valid, but the client is not allowed to do this. Request the permission or a scope."
  }
  if (status === 429) return "The API limits the rate of calls. Wait for the time in its Retry-After header."
  if (status >= 500) return "The API failed to process the call. Try again later."
  return "Check the path and what is sent."
}

const signIn = "This address probably signs users in and does not accept the token. Check the path, API_BASE_URL and " +
  "OAUTH_AUDIENCE; effect-oauth doctor examines them."

const show = (
  response: content.Received,
  wanted: printing.Parts,
  look: printing.Look
) =>
  Effect.gen(function*() {
    const { print } = yield* Screen
    if (wanted.responseHeaders) {
      const lines = Object.entries(response.headers).map(([name, value]) => [name, value ?? ""] as const)
      yield* print(`${printing.response(response.status, lines, look)}${wanted.responseBody ? "\n" : ""}`)
    }
    yield* wanted.responseBody ? responseBody.show(response, look) : Stream.runDrain(response.stream)
  })

const partsOf = (options: Options, isTerminal: boolean) => {
  const letters = Option.getOrElse(
    options.print,
    () => options.headers ? "h" : options.body ? "b" : isTerminal ? "hb" : "b"
  )
  const found = printing.parts(letters)
  return found === undefined
    ? Effect.fail(
      usage(`--print ${letters} is unknown.`, "H and B are the request's headers and body, h and b the response's.")
    )
    : Effect.succeed(found)
}

/** The size of the part of the file that exists. */
const offsetOf = (options: Options): Effect.Effect<number, Failure> =>
  Option.contains(options.output, "")
    ? Effect.fail(usage("--output is empty.", "Name a file, or pass --download for the name that the server gives."))
    : !options.continue
    ? Effect.succeed(0)
    : Option.isNone(options.output)
    ? Effect.fail(usage("--continue needs the file to continue.", "Name it by --output."))
    : Effect.promise(() => Fs.stat(Option.getOrElse(options.output, () => "")).then(({ size }) => size, () => 0))

const showRequest = (
  { message, url }: redirects.Sent,
  options: sentHeaders.Options,
  wanted: printing.Parts,
  look: printing.Look
) =>
  Effect.gen(function*() {
    const { isTerminal, print } = yield* Screen
    if (wanted.requestHeaders) yield* print(`${printing.request(build(url, message), options, look)}\n`)
    if (wanted.requestBody && message.body !== undefined) {
      const sent = new TextDecoder().decode(message.body)
      const text = isTerminal ? printing.harmlessBody(sent) : sent
      yield* print(`${printing.body(text, message.headers.get("content-type"), look)}\n`)
    }
  })

/** Sends the request, and those that redirects lead to with `--follow`. */
const send = (first: redirects.Sent, { follow }: Options) =>
  Effect.gen(function*() {
    const { note } = yield* Screen
    const calls = yield* ApiClient.ApiClient
    let sent = first
    for (let followed = 0;; followed += 1) {
      const response = yield* calls.execute(build(sent.url, sent.message))
      const next = redirects.next(sent, response.status, response.headers["location"], followed)
      if (next === undefined) return { sent, response, reason: undefined }
      const found = redirects.target(sent.url, response.headers["location"])
      const where = found === undefined ?
        "" :
        ` It redirects to ${harmless(redirects.shown(found))}.${
          signInPage.isPath(new URL(found).pathname) ? ` ${signIn}` : ""
        }`
      if (next._tag === "Stay") return { sent, response, reason: `Not followed: ${next.reason}.${where}` }
      if (!follow) return { sent, response, reason: `Redirects are followed by --follow.${where}` }
      yield* Stream.runDrain(response.stream)
      yield* note(`${response.status}: following to ${harmless(redirects.shown(next.sent.url))}`)
      sent = next.sent
    }
  })

/** Reports a status other than those of success, and a sign-in page in place of the response. Returns the outcome. */
const conclude = (
  { reason, response, sent }: Effect.Effect.Success<ReturnType<typeof send>>,
  isSignInPage: Effect.Effect<boolean>,
  scheme: "bearer" | "dpop"
) =>
  Effect.gen(function*() {
    const { complain, err, note } = yield* Screen
    const { headers, status } = response
    const outcome = ofStatus(status)
    const returned = `${sent.message.method} ${redirects.shown(sent.url)} returned ${status}`
    const isPage = (outcome === "success" || status === 403) && (yield* isSignInPage)
    if (outcome === "success") {
      if (isPage) yield* note(`${err.yellow("warning:")} ${returned} with a sign-in page. ${signIn}`)
      return outcome
    }
    const words = reason ??
      (isPage ? `The response is a sign-in page. ${signIn}` : remark(status, headers["www-authenticate"], scheme))
    yield* complain(`${err.red("error:")} ${returned}. ${words}`)
    return outcome
  })

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const wanted = yield* partsOf(options, screen.isTerminal)
    const pretty = Option.getOrElse(options.pretty, () => screen.isTerminal ? "all" : "none")
    const colors = pretty === "colors" ||
      (pretty === "all" && (screen.out.isColored || Option.isSome(options.pretty)))
    const look = {
      style: styleOf(colors && (process.env["NO_COLOR"] ?? "") === ""),
      isFormatted: pretty === "all" || pretty === "format",
      // A pipe gets what the API sent.
      showsSecrets: options.showSecrets || !screen.isTerminal
    }
    const chosen = yield* settings.load(options.profile)
    const described = yield* message(options)
    const offset = yield* offsetOf(options)

    const use = Effect.gen(function*() {
      const { api, dpop } = yield* ClientConfig.ClientConfig
      const url = yield* targetUrl.make(described.url, described.message.query, api)
      const isSaved = options.download || Option.isSome(options.output)
      const headers = new Map([
        ...(described.agent === undefined ? [] : [["user-agent", described.agent] as const]),
        ["accept-encoding", isSaved ? "identity" : content.acceptedEncodings] as const,
        ...(offset > 0 ? [["range", `bytes=${offset}-`] as const] : []),
        ...described.message.headers
      ])
      const sent = { url, message: { ...described.message, headers } }
      const transport: sentHeaders.Options = {
        scheme: dpop === undefined ? "Bearer" : "DPoP",
        client: network.isConfigured(chosen.values, process.env) ? "undici" : "node",
        host: headers.get("host"),
        repeated: described.message.repeated
      }
      if (options.offline) {
        yield* allowed(url, api)
        yield* showRequest(sent, transport, printing.ofRequest, look)
        return "success" as const
      }
      yield* showRequest(sent, transport, wanted, look)
      const answered = yield* send(sent, options)
      const { isFound, response } = signInPage.watch(answered.response)
      const reason = answered.reason ?? download.excess(response, offset)
      const ended = conclude({ ...answered, reason }, isFound, dpop === undefined ? "bearer" : "dpop")
      if (isSaved && ofStatus(response.status) === "success") {
        const output = Option.getOrUndefined(options.output)
        yield* options.continue && output !== undefined
          ? download.append(response, { output, offset, url: answered.sent.url }, screen)
          : download.save(response, { output, url: answered.sent.url }, screen)
        return yield* ended
      }
      if (offset > 0 && download.isWhole(response, offset)) {
        yield* screen.note(`${Option.getOrElse(options.output, () => "")}: whole already`)
        return "success" as const
      }
      yield* show(response, wanted, look)
      return yield* ended
    })
    return yield* Effect.scoped(use).pipe(
      Effect.provide(
        client.layer(chosen, { host: described.message.headers.get("host"), repeated: described.message.repeated })
      ),
      deadline.within(options, "api")
    )
  })
