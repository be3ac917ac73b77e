/**
 * All measures, in the order of the page.
 */
import type { Measure } from "./measure.js"
import { bundleSize } from "./measures/bundle.js"
import { cachedCall } from "./measures/cachedCall.js"
import { coldFunction } from "./measures/coldFunction.js"
import { coldWorker } from "./measures/coldWorker.js"
import { credentials } from "./measures/credentials.js"
import { allocations, memory, start, tenants } from "./measures/freshProcesses.js"
import { throughput } from "./measures/throughput.js"
import { tokenRequests } from "./measures/tokenRequests.js"

export const measures: ReadonlyArray<Measure> = [
  cachedCall,
  allocations,
  throughput,
  ...tokenRequests,
  start,
  coldFunction,
  coldWorker,
  bundleSize,
  memory,
  tenants,
  credentials
]
