"""Products: layers, investors and assets in the end, leverage, maturities, and what is registered of them."""

from graphflow.products.looking import LookThrough, list_products, look_through
from graphflow.products.registering import Register, register
from graphflow.products.rolling import Rollover

__all__ = ["LookThrough", "Register", "Rollover", "list_products", "look_through", "register"]
