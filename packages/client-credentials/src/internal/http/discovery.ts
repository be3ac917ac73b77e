/**
 * Discovery of the metadata that an issuer publishes (RFC 8414 section 3, OpenID Connect Discovery).
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

import { DiscoveryFailed, TokenEndpointUnavailable } from "../../OAuthError.js"
import * as document from "../protocol/metadata.js"
import { isTransient } from "../protocol/status.js"
import * as exchange from "./exchange.js"

/** Fetches the metadata from the well-known URLs of the issuer, one after another. */
export const discover = (
  client: HttpClient.HttpClient,
  { allowHttpLoopback, issuer, timeout }: {
    readonly issuer: string
    readonly allowHttpLoopback: boolean
    /** Deadline in milliseconds. */
    readonly timeout: number
  }
) =>
  Effect.gen(function*() {
    const meant = document.issuerOfDocument(issuer)
    if (meant !== undefined) {
      return yield* new DiscoveryFailed({
        issuer,
        problem: `it is the URL of a metadata document. Set the issuer (OAUTH_ISSUER) to ${meant}`,
        retryable: false
      })
    }
    const places = document.locations(issuer)
    // One deadline for all places, so that one that does not respond leaves time for the others.
    const limits = {
      timeout: Math.floor(timeout / places.length),
      maxResponseBytes: 1_048_576
    }
    const found: Array<string> = []
    const unavailable: Array<TokenEndpointUnavailable> = []
    let isDefinite = false
    let isTemporary = false
    for (const url of places) {
      const sent = yield* Effect.either(
        exchange.send(client, HttpClientRequest.acceptJson(HttpClientRequest.get(url)), limits)
      )
      if (Either.isLeft(sent)) {
        unavailable.push(sent.left)
        isTemporary ||= sent.left.retryable
        found.push(`${url}: ${sent.left.reason === "timeout" ? "no response in time" : sent.left.detail}`)
        continue
      }
      const { body, headers, status, unread } = sent.right
      if (status !== 200 || body === undefined) {
        isTemporary ||= isTransient(status)
        found.push(`${url}: ${status === 200 ? unread : document.described(url, status, headers["location"])}`)
        continue
      }
      const decoded = document.decode(issuer, body, allowHttpLoopback)
      if (decoded._tag === "Success") return decoded.value
      isDefinite ||= document.isDefinite(body)
      found.push(`${url}: ${decoded.error}`)
    }
    const [first] = unavailable
    if (first !== undefined && unavailable.length === places.length) {
      return yield* first.reason === "timeout"
        ? new TokenEndpointUnavailable({ ...first, detail: Duration.format(Duration.millis(timeout)) })
        : first
    }
    return yield* new DiscoveryFailed({
      issuer,
      problem: `there is no metadata document of it (${found.join("; ")}). If the server has none, set the token URL ` +
        "(OAUTH_TOKEN_URL)",
      retryable: isTemporary && !isDefinite
    })
  })
