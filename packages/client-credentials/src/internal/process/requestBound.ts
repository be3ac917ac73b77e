/**
 * Setting for clients whose I/O belongs to the request that started it.
 */
import * as Context from "effect/Context"

import { isRequestBound } from "../protocol/edgeRuntime.js"

/** True if the I/O of a client belongs to the request that started it. Default: detected from the runtime. */
export class RequestBound extends Context.Reference<RequestBound>()(
  "@effect-oauth/client-credentials/internal/process/requestBound/RequestBound",
  {
    defaultValue: isRequestBound
  }
) {}
