/**
 * Format of a ledger in the store, before it is sealed. It may have thousands of requests, so they are columns of numbers,
 * read and written by plain loops: the difference of each time to the previous one, and the recipient of each.
 */
import { isRecord, readJson } from "../protocol/json.js"
import * as ledgers from "../token/ledger.js"
import type { Retention } from "../token/retention.js"

export interface Stored {
  /** Identifier that is equal for all ledgers that continue the previous count. */
  readonly id: string
  /** Process that wrote it. */
  readonly writer: string
  readonly ledger: ledgers.Ledger
}

/** Returns whether a value is a moment within the range of `Date`. */
const isMoment = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && Math.abs(value) <= 8.64e15

const isInteger = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value)

const isPair = (value: unknown): value is readonly [client: string, organization: string] =>
  Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "string")

const isArrayOf = <A>(value: unknown, isOne: (value: unknown) => value is A): value is ReadonlyArray<A> =>
  Array.isArray(value) && value.every(isOne)

const isQuota = (value: unknown): value is ledgers.AnnouncedQuota =>
  isRecord(value) && typeof value["name"] === "string" && typeof value["client"] === "string" &&
  (value["organization"] === undefined || typeof value["organization"] === "string") &&
  isInteger(value["limit"]) && isInteger(value["remaining"]) &&
  isMoment(value["resetsAt"]) && isMoment(value["announcedAt"])

const isRetention = (value: unknown): value is Retention =>
  isRecord(value) && isInteger(value["length"]) && value["length"] > 0 && isMoment(value["until"])

/** Indexes of recipients. The first is that of most requests. */
const indexes = () => {
  const recipients: Array<readonly [client: string, organization: string]> = []
  const known = new Map<string, Map<string, number>>()
  const indexOf = ({ client, organization }: ledgers.Recipient): number => {
    const ofClient = known.get(client) ?? new Map<string, number>()
    const index = ofClient.get(organization) ?? recipients.push([client, organization]) - 1
    known.set(client, ofClient.set(organization, index))
    return index
  }
  indexOf({ client: "", organization: "" })
  return { recipients, indexOf }
}

/** Encodes a ledger. `write` makes each encoded ledger unique, so that a process recognizes the one it wrote. */
export const encode = ({ id, ledger, writer }: Stored, write: number): string => {
  const { indexOf, recipients } = indexes()
  let differences = ""
  // For each request, twice the index of its recipient, plus one if its outcome is unknown.
  const details: Array<number> = []
  let [before, isDetailed] = [0, false]
  for (const spend of ledger.spent) {
    const at = typeof spend === "number" ? spend : spend.at
    differences += `${differences === "" ? "" : ","}${at - before}`
    before = at
    details.push(typeof spend === "number" ? 0 : 2 * indexOf(spend) + (spend.isUnknown ? 1 : 0))
    isDetailed ||= typeof spend !== "number"
  }
  const { quotas, resetAt, retentions } = ledger
  const rest = JSON.stringify({ id, writer, write, resetAt, retentions, recipients, quotas })
  return `${rest.slice(0, -1)},"spent":[${differences}],"details":[${isDetailed ? details.join() : ""}]}`
}

const readSpent = (
  differences: ReadonlyArray<unknown>,
  details: ReadonlyArray<unknown>,
  recipients: ReadonlyArray<readonly [client: string, organization: string]>
): ReadonlyArray<ledgers.Spend> | undefined => {
  const spent: Array<ledgers.Spend> = []
  let at = 0
  for (let index = 0; index < differences.length; index += 1) {
    const difference = differences[index]
    if (!isInteger(difference) || (index > 0 && difference < 0)) return undefined
    at += difference
    if (!isMoment(at)) return undefined
    const detail = details[index] ?? 0
    if (detail === 0) {
      spent.push(at)
      continue
    }
    const recipient = recipients[Number(detail) >> 1]
    if (recipient === undefined) return undefined
    const [client, organization] = recipient
    spent.push(ledgers.spendOf(at, { client, organization }, Number(detail) % 2 === 1))
  }
  return spent
}

/** Decodes a ledger; undefined for a string that is not a ledger. */
export const decode = (text: string): Stored | undefined => {
  const json = readJson(text)
  if (!isRecord(json)) return undefined
  const { details, id, quotas, recipients, resetAt, retentions, spent: differences, writer } = json
  if (typeof id !== "string" || typeof writer !== "string") return undefined
  if (!Array.isArray(differences) || !Array.isArray(details)) return undefined
  if (resetAt !== undefined && !isMoment(resetAt)) return undefined
  // Earlier versions write none, and ignore those that they read.
  if (retentions !== undefined && !isArrayOf(retentions, isRetention)) return undefined
  if (!isArrayOf(recipients, isPair) || !isArrayOf(quotas, isQuota)) return undefined
  const spent = readSpent(differences, details, recipients)
  return spent === undefined ? undefined : {
    id,
    writer,
    ledger: {
      spent,
      quotas: quotas.map(({ announcedAt, client, limit, name, organization, remaining, resetsAt }) => ({
        name,
        client,
        ...(organization === undefined ? {} : { organization }),
        limit,
        remaining,
        resetsAt,
        announcedAt
      })),
      ...(resetAt === undefined ? {} : { resetAt }),
      ...(retentions === undefined
        ? {}
        : { retentions: retentions.map(({ length, until }) => ({ length, until })) })
    }
  }
}
