"""The machinery below layers and models: names, variables, symbolic tensors, operations and graphs of them."""
