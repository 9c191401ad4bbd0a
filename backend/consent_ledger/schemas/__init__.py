# SPDX-License-Identifier: MIT
"""What requests may hold and answers do hold; the OpenAPI document is made from the same schemas.

Nothing is coerced: `1.0` is no integer, `"true"` no boolean, and an unknown field is refused.
"""
