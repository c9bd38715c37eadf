"""The steps, one module each, named as the design names them; they hold the order of effects."""
