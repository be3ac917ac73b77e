/**
 * Fleets of clients on a real Redis.
 */
import type { SharedClientCredentials } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import type { RedisOptions } from "ioredis"

import { startProcesses } from "../../client-credentials/test/support/fleet.js"

export { Servers, tokensIssued } from "../../client-credentials/test/support/fleet.js"

/** No store is given up that is there, however busy the machine: it would cost a token more. */
export const patient: RedisTokenStore.Options = { timeout: "2 minutes" }

export const fleet = (
  size: number,
  connection: RedisOptions,
  more: Partial<SharedClientCredentials.Options> = {},
  options: RedisTokenStore.Options = patient
) => startProcesses(size, RedisTokenStore.layer({ host: "127.0.0.1", ...connection }, options), more)
