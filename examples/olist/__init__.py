"""The Olist marketing funnel: leads of a marketplace, and the sellers that they became."""
