/**
 * Whether the transport may follow redirects of the calls made within an effect.
 */
import * as Context from "effect/Context"

/** Provided where a caller wrote that redirects must not be followed; calls with a proof never follow any. */
export class WithoutRedirects
  extends Context.Reference<WithoutRedirects>()("@effect-oauth/client-credentials/WithoutRedirects", {
    defaultValue: () => false
  })
{}
