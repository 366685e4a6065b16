// Empty, in the place of @webgpu/types: see test/types.js.
