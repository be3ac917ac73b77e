/**
 * Whether the I/O of a client belongs to the request that began it.
 */
import * as Context from "effect/Context"

import { isRequestBound } from "../protocol/requestBound.js"

/** Default: what the runtime is. */
export class RequestBound
  extends Context.Reference<RequestBound>()("@effect-oauth/client-credentials/internal/http/RequestBound", {
    defaultValue: isRequestBound
  })
{}
