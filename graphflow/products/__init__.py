"""Products: layers, investors and assets in the end, leverage, maturities."""

from graphflow.products.looking import LookThrough, list_products, look_through

__all__ = ["LookThrough", "list_products", "look_through"]
