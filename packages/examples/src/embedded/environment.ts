/**
 * The authorization server and two APIs, and the environment variables of a program that uses them.
 */
import { Effect, Redacted } from "effect"

import * as AuthorizationServer from "./authorizationServer.js"
import * as InventoryServer from "./inventoryServer.js"

const client = (id: string): AuthorizationServer.Client => ({ id, secret: Redacted.make(`${id}-s3cr3t/+ %:x`) })

export interface Options {
  /** In seconds; 24 hours by default. */
  readonly tokenLife?: number
}

export const startWith = ({ tokenLife }: Options) =>
  Effect.gen(function*() {
    const inventorySync = client("inventory-sync")
    const supplierSync = client("supplier-sync")
    const north = client("north")
    const south = client("south")
    const introspectAs = client("inventory-api")
    const legacy = client("tok_17")

    const authorizationServer = yield* AuthorizationServer.start({
      clients: [inventorySync, supplierSync, north, south],
      resourceServer: introspectAs,
      tokenLife
    })
    const inventory = yield* InventoryServer.start({
      authorizationServer,
      introspectAs,
      accept: [inventorySync.id, north.id, south.id],
      legacy
    })
    const suppliers = yield* InventoryServer.start({ authorizationServer, introspectAs, accept: [supplierSync.id] })

    const environment = (prefix: string, { id, secret }: AuthorizationServer.Client, baseUrl: string) => ({
      [`${prefix}OAUTH_TOKEN_URL`]: authorizationServer.tokenUrl,
      [`${prefix}OAUTH_CLIENT_ID`]: id,
      [`${prefix}OAUTH_CLIENT_SECRET`]: Redacted.value(secret),
      [`${prefix}OAUTH_REVOCATION_URL`]: authorizationServer.revocationUrl,
      [`${prefix}OAUTH_ALLOW_HTTP_LOOPBACK`]: "true",
      [`${prefix}API_BASE_URL`]: baseUrl
    })
    return {
      authorizationServer,
      inventory,
      inventorySync,
      environment: {
        ...environment("", inventorySync, inventory.baseUrl),
        ...environment("INVENTORY_", inventorySync, inventory.baseUrl),
        ...environment("SUPPLIERS_", supplierSync, suppliers.baseUrl),
        ...environment("NORTH_", north, inventory.baseUrl),
        ...environment("SOUTH_", south, inventory.baseUrl)
      },
      legacyEnvironment: {
        API_BASE_URL: inventory.baseUrl,
        OAUTH_ALLOW_HTTP_LOOPBACK: "true",
        LEGACY_TOKEN_ID: legacy.id,
        LEGACY_TOKEN_SECRET: Redacted.value(legacy.secret)
      }
    }
  })

export const start = startWith({})
