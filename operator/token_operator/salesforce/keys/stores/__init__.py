"""Key stores: PKCS#12 and the ones of Java."""
