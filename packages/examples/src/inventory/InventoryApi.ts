/**
 * The inventory API, shared by its client and its server.
 */
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "@effect/platform"
import { Schema } from "effect"

export class Item extends Schema.Class<Item>("Item")({
  sku: Schema.String,
  name: Schema.String,
  quantity: Schema.Int
}) {}

export class UnknownItem extends Schema.TaggedError<UnknownItem>()(
  "UnknownItem",
  { sku: Schema.String },
  HttpApiSchema.annotations({ status: 404 })
) {}

export class InventoryApi extends HttpApi.make("inventory").add(
  HttpApiGroup.make("items")
    .add(HttpApiEndpoint.get("list", "/items").addSuccess(Schema.Array(Item)))
    .add(
      HttpApiEndpoint.get("find", "/items/:sku")
        .setPath(Schema.Struct({ sku: Schema.String }))
        .addSuccess(Item)
        .addError(UnknownItem)
    )
) {}
