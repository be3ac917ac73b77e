/**
 * The definitions that clients of tRPC and Connect share with their server: `create` takes the SKU of an item, and
 * returns a number.
 */
import { create, createFileRegistry } from "@bufbuild/protobuf"
import type { GenService } from "@bufbuild/protobuf/codegenv2"
import {
  file_google_protobuf_wrappers,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type Int32ValueSchema,
  type StringValueSchema
} from "@bufbuild/protobuf/wkt"
import { initTRPC } from "@trpc/server"

const t = initTRPC.create()

export const router = t.router({
  create: t.procedure
    .input((input) => input as { readonly sku: string })
    .mutation(({ input }) => ({ id: input.sku === "SKU-1" ? 1 : 0 }))
})

type Inventory = GenService<{
  readonly create: {
    readonly methodKind: "unary"
    readonly input: typeof StringValueSchema
    readonly output: typeof Int32ValueSchema
  }
}>

const registry = createFileRegistry(create(FileDescriptorSetSchema, {
  file: [
    file_google_protobuf_wrappers.proto,
    create(FileDescriptorProtoSchema, {
      name: "inventory.proto",
      package: "test",
      syntax: "proto3",
      dependency: ["google/protobuf/wrappers.proto"],
      service: [{
        name: "Inventory",
        method: [{
          name: "Create",
          inputType: ".google.protobuf.StringValue",
          outputType: ".google.protobuf.Int32Value"
        }]
      }]
    })
  ]
}))

export const service = registry.getService("test.Inventory") as Inventory
