"""OpenVINO: reads its IR, an `.xml` file and its weights beside it."""
