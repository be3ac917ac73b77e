/**
 * The rule of the plan of a fleet.
 */
import {
  duration,
  flag,
  group,
  integer,
  list,
  number,
  object,
  offset,
  oneOf,
  positiveDuration,
  text,
  that
} from "./rules.js"
import { behavior, limit } from "./serverRules.js"
import type * as simulation from "./simulation.js"

const disturbance = group<simulation.Disturbance>({
  from: duration,
  to: duration,
  issuer: oneOf(["unreachable", "unavailable", "unauthorized", "silent", "lost", "dropped"]),
  store: (value, path) => (typeof value === "number" ? number(0, 1) : oneOf(["unreachable", "silent"]))(value, path),
  storeLoses: oneOf(["budgets", "all", "lastWrites"]),
  rejecting: flag,
  restartEvery: positiveDuration,
  killed: integer(0),
  clockAhead: (value, path) => (typeof value === "number" ? offset : duration)(value, path)
}, ["from", "to"])

const shared = group<simulation.Shared>({ roundTrip: duration, sharedTokens: object, issuanceBudget: object })

export const plan = group<simulation.Plan>({
  instances: integer(1),
  days: that("a number above 0", (value) => typeof value === "number" && Number.isFinite(value) && value > 0),
  callsEvery: positiveDuration,
  startWithin: duration,
  restartEvery: positiveDuration,
  tokenLife: positiveDuration,
  requestTime: duration,
  requestTimeUpTo: duration,
  dailyLimit: limit,
  onePerClient: behavior.onePerClient,
  tokenCache: object,
  shared: (value, path) => (typeof value === "boolean" ? flag : shared)(value, path),
  faults: list(disturbance),
  reportFrom: duration,
  seed: text
}, ["instances", "days"])
