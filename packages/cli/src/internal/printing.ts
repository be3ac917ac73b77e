/**
 * The output of requests and responses: the chosen parts, with colors on a terminal.
 */
import { STATUS_CODES } from "node:http"

import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"

import { harmless, type Style } from "./ansi.js"
import * as contentType from "./contentType.js"
import * as headerText from "./headerText.js"
import * as jsonText from "./jsonText.js"
import * as redaction from "./redaction.js"
import * as sentHeaders from "./sentHeaders.js"

export interface Look {
  readonly style: Style
  /** True if JSON is indented. */
  readonly isFormatted: boolean
  /** True if response headers that may contain secrets are shown in full. */
  readonly showsSecrets?: boolean
}

const headerLines = (
  headers: Iterable<readonly [string, string]>,
  { cyan }: Style,
  shown = redaction.header
): ReadonlyArray<string> =>
  [...headers].map(([name, value]) => `${cyan(harmless(name))}: ${shown(name, headerText.decode(value))}`)

/** Returns the head of the request to send, with the scheme of its authorization and without the credentials. */
export const request = (
  sent: HttpClientRequest.HttpClientRequest,
  options: sentHeaders.Options,
  { style }: Look
): string => {
  const { pathname, search } = new URL(sent.url)
  return [
    `${style.green(sent.method)} ${style.bold(pathname + search)} HTTP/1.1`,
    ...headerLines(sentHeaders.of(sent, options), style)
  ].join("\n")
}

export const response = (
  status: number,
  headers: Iterable<readonly [string, string]>,
  { showsSecrets, style }: Look
): string => {
  const paint = status >= 500 ? style.red : status >= 400 ? style.yellow : status >= 300 ? style.cyan : style.green
  const reason = STATUS_CODES[status]
  return [
    `${style.bold(paint(String(status)))}${reason === undefined ? "" : ` ${style.dim(reason)}`}`,
    ...headerLines(headers, style, showsSecrets === true ? (_, value) => harmless(value) : undefined)
  ].join("\n")
}

/** Formats a body: JSON is indented and colored if requested, other content is unchanged. */
export const body = (text: string, type: string | undefined, { isFormatted, style }: Look): string => {
  const json = contentType.isJson(type) || /^\s*[[{]/.test(text) ? jsonText.read(text) : Either.left("")
  if (Either.isLeft(json) || (!isFormatted && !style.isColored)) return text
  return jsonText.indented(
    isFormatted ? jsonText.readable(json.right) : json.right,
    style.isColored
      ? { key: style.blue, string: style.green, number: style.cyan, literal: style.magenta }
      : jsonText.plain
  )
}

/** Escapes the control characters of a body for a terminal; JSON remains valid. */
export const harmlessBody = (text: string): string =>
  Either.isRight(jsonText.read(text))
    ? text.replaceAll("\r", "").replace(
      /[\x7f-\x9f]/g,
      (character) => `\\u00${character.charCodeAt(0).toString(16)}`
    )
    : harmless(text)

/** The parts that `--print` names. */
export interface Parts {
  readonly requestHeaders: boolean
  readonly requestBody: boolean
  readonly responseHeaders: boolean
  readonly responseBody: boolean
}

export const parts = (letters: string): Parts | undefined =>
  /^[HBhb]*$/.test(letters)
    ? {
      requestHeaders: letters.includes("H"),
      requestBody: letters.includes("B"),
      responseHeaders: letters.includes("h"),
      responseBody: letters.includes("b")
    }
    : undefined

/** The request alone. */
export const ofRequest: Parts = {
  requestHeaders: true,
  requestBody: true,
  responseHeaders: false,
  responseBody: false
}
