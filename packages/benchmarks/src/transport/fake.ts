/**
 * A transport in memory: one handler behind a `fetch`, and behind an agent of `node:http` for libraries without
 * `fetch`.
 */
import { Agent, createServer } from "node:http"
import { type Duplex, duplexPair } from "node:stream"

import type { Surroundings } from "../contender.js"
import { type Answer, client, fixedToken, type Message, paths, type World } from "../world.js"
import { listener } from "./listener.js"

const authorizationOf = (headers: HeadersInit | undefined): Pick<Message, "authorization" | "dpop"> => {
  if (headers === undefined) return { authorization: undefined }
  const all = headers instanceof Headers ? headers : new Headers(headers)
  return { authorization: all.get("authorization") ?? undefined, dpop: all.get("dpop") ?? undefined }
}

const toResponse = ({ body, status }: Answer): Response =>
  new Response(body, { status, headers: { "content-type": "application/json" } })

const textOf = async (body: RequestInit["body"]): Promise<string> =>
  body === null || body === undefined ? "" : new Response(body).text()

export const makeFetch = (world: World): typeof globalThis.fetch => async (input, init) => {
  const request = input instanceof Request ? input : undefined
  const message: Message = {
    method: init?.method ?? request?.method ?? "GET",
    path: new URL(request?.url ?? String(input)).pathname,
    ...authorizationOf(init?.headers ?? request?.headers),
    body: request === undefined ? await textOf(init?.body) : await request.text()
  }
  const answer = world.answer(message)
  return toResponse(answer instanceof Promise ? await answer : answer)
}

/** Creates an agent without private fields, since libraries may clone it. */
const makeAgent = (world: World): Agent => {
  const server = createServer(listener(world))
  const createConnection = (): Duplex => {
    const [near, far] = duplexPair()
    server.emit("connection", far)
    return near
  }
  return Object.assign(new Agent(), { protocol: "https:", createConnection })
}

export const make = (world: World, { isVirtual }: { readonly isVirtual?: boolean } = {}): Surroundings => {
  const fetch = makeFetch(world)
  return {
    tokenUrl: `https://auth.test${paths.token}`,
    apiUrl: "https://api.test",
    clientId: client.id,
    clientSecret: client.secret,
    fixedToken,
    stacks: {
      fetch,
      isVirtual,
      axios: { adapter: "fetch", env: { fetch } },
      gaxios: { fetchImplementation: fetch },
      agent: makeAgent(world)
    }
  }
}
