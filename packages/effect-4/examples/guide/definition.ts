import type { OAuthError } from "@effect-oauth/client-credentials"
import { Schema } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSecurity
} from "effect/http-api"

export class WithToken
  extends HttpApiMiddleware.Service<WithToken, { clientError: OAuthError.OAuthError }>()("WithToken", {
    requiredForClient: true,
    security: { bearer: HttpApiSecurity.bearer },
    error: HttpApiError.Unauthorized
  })
{}

export const Inventory = HttpApi.make("inventory").add(
  HttpApiGroup.make("items").add(
    HttpApiEndpoint.get("list", "/items", { success: Schema.Array(Schema.String) }).middleware(WithToken)
  )
)
