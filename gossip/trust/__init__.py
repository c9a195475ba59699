"""Who is who: keys, certificates, sealed records, and which peers may link."""
