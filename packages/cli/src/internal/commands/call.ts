/**
 * `effect-oauth call`: one call of the API, in the syntax of HTTPie.
 */
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"

import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import { ApiClient, Challenge, ClientConfig } from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

import { make as styleOf } from "../ansi.js"
import * as client from "../client.js"
import * as contentType from "../contentType.js"
import * as download from "../download.js"
import * as errorCode from "../errorCode.js"
import { Failure, usage } from "../Failure.js"
import * as httpMessage from "../httpMessage.js"
import { ofStatus } from "../outcome.js"
import * as printing from "../printing.js"
import * as requestItem from "../requestItem.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"
import * as stdio from "../stdio.js"
import * as targetUrl from "../targetUrl.js"
import { version } from "../version.js"

export interface Options extends Common {
  readonly args: ReadonlyArray<string>
  readonly form: boolean
  readonly multipart: boolean
  readonly boundary: Option.Option<string>
  readonly raw: Option.Option<string>
  readonly ignoreStdin: boolean
  readonly print: Option.Option<string>
  readonly headers: boolean
  readonly body: boolean
  readonly pretty: Option.Option<"all" | "colors" | "format" | "none">
  readonly download: boolean
  readonly output: Option.Option<string>
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
            `${source.path} is not UTF-8, so it is not a text.`,
            "Convert it, send it as the body by @FILE, or upload it by --form and key@FILE."
          )
      }))

const loaded = (item: requestItem.RequestItem): Effect.Effect<httpMessage.Loaded, Failure> => {
  switch (item._tag) {
    case "UnsetHeader":
      return Effect.succeed(item)
    case "Upload":
      return Effect.map(read(item.path), (content) => ({
        _tag: item._tag,
        name: item.name,
        file: { name: Path.basename(item.path), type: item.type ?? contentType.guess(item.path), content }
      }))
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

/** Headers that HTTP sets by itself. */
const ofTheConnection = /^(host|content-length|transfer-encoding|expect|upgrade)$/i

const methods: ReadonlyArray<string> = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]

/** Standard input is the body, as with HTTPie, unless the method is one that has none. */
const standardInput = (
  options: Options,
  method: string | undefined,
  items: ReadonlyArray<requestItem.RequestItem>
): Effect.Effect<Uint8Array | undefined, Failure> =>
  options.ignoreStdin || items.some(requestItem.isBody) || !stdio.isRedirected() ||
    ["GET", "HEAD", "OPTIONS"].includes(method ?? "")
    ? Effect.succeed(undefined)
    : Effect.map(stdio.readAll, (content) => content.length === 0 ? undefined : content)

const message = (options: Options) =>
  Effect.gen(function*() {
    const { items, method, url } = yield* httpMessage.split(options.args)
    if (method !== undefined && !methods.includes(method)) {
      return yield* usage(`"${method}" is no method.`, `Say one of ${methods.join(", ")}.`)
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
      multipart: options.multipart,
      raw,
      boundary: Option.getOrElse(options.boundary, () => randomUUID().replaceAll("-", ""))
    })
    const namesAgent = parsed.some((item) => item._tag.endsWith("Header") && /^user-agent$/i.test(item.name))
    return { url, message: found, agent: namesAgent ? undefined : `effect-oauth/${version}` }
  })

const withBody: ReadonlyArray<string> = ["POST", "PUT", "PATCH", "DELETE"]

const build = (url: string, { body, headers, method }: httpMessage.Message): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method as HttpMethod)(url)
  return HttpClientRequest.setHeaders(
    body !== undefined
      ? HttpClientRequest.setBody(request, HttpBody.uint8Array(body, headers.get("content-type") ?? ""))
      : withBody.includes(method)
      ? HttpClientRequest.setHeader(request, "content-length", "0")
      : request,
    headers
  )
}

/** What a status means that stops the call, for a person. */
const remark = (status: number, challenge: string | undefined, scheme: "bearer" | "dpop"): string => {
  const { _tag } = Challenge.outcome(Challenge.parse(challenge ?? ""), scheme)
  const isOfProof = scheme === "dpop" && (_tag === "UseDPoPNonce" || _tag === "InvalidDPoPProof")
  if (status === 401 ? !isOfProof : status === 403 && _tag === "InvalidToken") {
    return "The API accepts neither the token nor a new one. Check OAUTH_AUDIENCE, OAUTH_RESOURCE and API_BASE_URL; " +
      "effect-oauth doctor compares them."
  }
  if (status === 401) return "The API does not accept how the call is authorized; effect-oauth doctor tells more."
  if (status === 403) {
    return "The token is good, and the client is not allowed to do this. Ask for the right, or a scope."
  }
  if (status === 429) return "The API wants fewer calls. Wait for as long as its Retry-After says."
  if (status >= 500) return "The API has a problem of its own. Try again later."
  return status >= 400
    ? "Check the path and what is sent."
    : "Redirects are not followed, since the token would go along."
}

const show = (
  response: HttpClientResponse.HttpClientResponse,
  wanted: printing.Parts,
  look: printing.Look
) =>
  Effect.gen(function*() {
    const { isTerminal, note, print, write } = yield* Screen
    const type = response.headers["content-type"]
    if (wanted.responseHeaders) {
      const lines = Object.entries(response.headers).map(([name, value]) => [name, value ?? ""] as const)
      yield* print(`${printing.response(response.status, lines, look)}${wanted.responseBody ? "\n" : ""}`)
    }
    if (!wanted.responseBody) return yield* Stream.runDrain(response.stream)
    if (!isTerminal && !look.isFormatted && !look.style.isColoured) {
      return yield* Stream.runForEach(response.stream, write)
    }
    const content = Buffer.from(yield* response.arrayBuffer)
    const isText = contentType.isText(type) || !content.subarray(0, 1024).includes(0)
    if (!isText && isTerminal) {
      return yield* note(`${download.size(content.length)} of ${type ?? "data"}: say --download.`)
    }
    if (!isText) return yield* write(content)
    const text = contentType.decode(content, type)
    return content.length === 0
      ? undefined
      : yield* print(printing.body(isTerminal ? printing.harmlessBody(text) : text, type, look))
  })

const partsOf = (options: Options, isTerminal: boolean) => {
  const letters = Option.getOrElse(
    options.print,
    () => options.headers ? "h" : options.body ? "b" : isTerminal ? "hb" : "b"
  )
  const found = printing.parts(letters)
  return found === undefined
    ? Effect.fail(
      usage(`--print ${letters} is unknown.`, "H and B are the request's headers and body, h and b the answer's.")
    )
    : Effect.succeed(found)
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const wanted = yield* partsOf(options, screen.isTerminal)
    const pretty = Option.getOrElse(options.pretty, () => screen.isTerminal ? "all" : "none")
    const colours = pretty === "colors" ||
      (pretty === "all" && (screen.out.isColoured || Option.isSome(options.pretty)))
    const look = {
      style: styleOf(colours && (process.env["NO_COLOR"] ?? "") === ""),
      isFormatted: pretty === "all" || pretty === "format"
    }
    const chosen = yield* settings.load(options.profile)
    const described = yield* message(options)

    const use = Effect.gen(function*() {
      const { api, dpop } = yield* ClientConfig.ClientConfig
      const url = yield* targetUrl.make(described.url, described.message.query, api)
      const headers = new Map([
        ...(described.agent === undefined ? [] : [["user-agent", described.agent] as const]),
        ...described.message.headers
      ])
      const request = build(url, { ...described.message, headers })
      if (wanted.requestHeaders) {
        yield* screen.print(`${printing.request(request, dpop === undefined ? "Bearer" : "DPoP", look)}\n`)
      }
      if (wanted.requestBody && described.message.body !== undefined) {
        const sent = new TextDecoder().decode(described.message.body)
        const text = screen.isTerminal ? printing.harmlessBody(sent) : sent
        yield* screen.print(`${printing.body(text, headers.get("content-type"), look)}\n`)
      }
      const calls = yield* ApiClient.ApiClient
      const response = yield* calls.execute(request)
      const outcome = ofStatus(response.status)
      if ((options.download || Option.isSome(options.output)) && outcome === "success") {
        yield* download.save(response, { output: Option.getOrUndefined(options.output), url }, screen)
        return outcome
      }
      yield* show(response, wanted, look)
      if (outcome !== "success") {
        const { origin, pathname } = new URL(url)
        yield* screen.complain(
          `${screen.err.red("error:")} ${request.method} ${origin}${pathname} was answered with ${response.status}. ${
            remark(response.status, response.headers["www-authenticate"], dpop === undefined ? "bearer" : "dpop")
          }`
        )
      }
      return outcome
    })
    return yield* Effect.provide(Effect.scoped(use), client.layer(chosen))
  })
