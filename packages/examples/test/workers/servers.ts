/** An authorization server and an API for a worker: tokens are counted by client, and a test can delay them. */
import { Response } from "miniflare"

interface Open {
  readonly client: string
  readonly release: () => void
}

/** The request of a worker, as Miniflare passes it. */
interface Outbound {
  readonly url: string
  readonly headers: { readonly get: (name: string) => string | null }
}

export class Servers {
  private readonly tokens = new Map<string, number>()
  private readonly holding = new Set<string>()
  private readonly down = new Set<string>()
  private readonly revoked = new Set<string>()
  private open: ReadonlyArray<Open> = []
  private onChange: ReadonlyArray<() => void> = []

  /** Returns the number of tokens that a client requested. */
  tokensOf(client: string): number {
    return this.tokens.get(client) ?? 0
  }

  /** Delays the responses to token requests of this client until they are released. */
  hold(client: string): void {
    this.holding.add(client)
  }

  release(client: string): void {
    this.holding.delete(client)
    for (const one of this.open) if (one.client === client) one.release()
    this.open = this.open.filter((one) => one.client !== client)
  }

  /** Makes token requests of this client fail, or succeed again. */
  setDown(client: string, isDown: boolean): void {
    if (isDown) this.down.add(client)
    else this.down.delete(client)
  }

  /** Makes the API reject this token. */
  revoke(token: string): void {
    this.revoked.add(token)
  }

  /** Waits until a client has requested a number of tokens. */
  async requested(client: string, count: number): Promise<void> {
    while (this.tokensOf(client) < count) {
      await new Promise<void>((resolve) => {
        this.onChange = [...this.onChange, resolve]
      })
    }
  }

  private async issue(request: Outbound): Promise<Response> {
    const client = new URL(request.url).pathname.slice(1)
    const count = this.tokensOf(client) + 1
    this.tokens.set(client, count)
    const changed = this.onChange
    this.onChange = []
    for (const resolve of changed) resolve()
    if (this.holding.has(client)) {
      await new Promise<void>((release) => {
        this.open = [...this.open, { client, release }]
      })
    }
    if (this.down.has(client)) return new Response(null, { status: 503 })
    const type = request.headers.get("dpop") === null ? "Bearer" : "DPoP"
    return Response.json({ access_token: `${count}-${client}`, token_type: type, expires_in: 3600 })
  }

  /** The network of the worker. The API returns the number of the token. */
  readonly respond = async (request: Outbound): Promise<Response> => {
    if (new URL(request.url).host === "auth.test") return this.issue(request)
    const token = request.headers.get("authorization")?.split(" ")[1] ?? ""
    return this.revoked.has(token)
      ? new Response(null, { status: 401, headers: { "www-authenticate": "Bearer error=\"invalid_token\"" } })
      : new Response(token.split("-")[0])
  }
}

/** Issues a token. */
export const tokenOf = (client: string, count: number): string => `${count}-${client}`
