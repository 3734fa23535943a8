"""Templates, expressions and custom code, evaluated out of process."""
