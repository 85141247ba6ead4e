namespace OrleansBulk.Providers;

/// <summary>What every statement that writes providers has in common, so that the same facts mean the same wherever they come from.</summary>
internal static class ProviderSql
{
    /// <summary>What is told about a provider; the answer, its fingerprint and where it came from go with it.</summary>
    public const string Facts = """
        npi, entity, name, organization_name, last_name, first_name, middle_name, credential, sex, phone, fax,
                address_1, address_2, city, state, postal_code, country,
                mailing_address_1, mailing_address_2, mailing_city, mailing_state, mailing_postal_code, mailing_country
        """;

    /// <summary>What follows an INSERT of facts into <c>providers AS p</c>: a known provider is changed if what is told is new and not older. $2 is the moment.</summary>
    public const string OrUpdate = """
        ON CONFLICT (npi) DO UPDATE SET entity = excluded.entity, name = excluded.name, organization_name = excluded.organization_name, last_name = excluded.last_name,
                first_name = excluded.first_name, middle_name = excluded.middle_name, credential = excluded.credential, sex = excluded.sex, phone = excluded.phone, fax = excluded.fax,
                address_1 = excluded.address_1, address_2 = excluded.address_2, city = excluded.city, state = excluded.state, postal_code = excluded.postal_code, country = excluded.country,
                mailing_address_1 = excluded.mailing_address_1, mailing_address_2 = excluded.mailing_address_2, mailing_city = excluded.mailing_city,
                mailing_state = excluded.mailing_state, mailing_postal_code = excluded.mailing_postal_code, mailing_country = excluded.mailing_country,
                taxonomy = excluded.taxonomy, taxonomies = excluded.taxonomies, enumerated_on = excluded.enumerated_on, last_updated_on = excluded.last_updated_on,
                certified_on = excluded.certified_on, deactivated_on = excluded.deactivated_on, reactivated_on = excluded.reactivated_on, status = excluded.status,
                answer = excluded.answer, content_hash = excluded.content_hash, source = excluded.source,
                updated_at = CASE WHEN p.content_hash IS DISTINCT FROM excluded.content_hash THEN excluded.updated_at ELSE p.updated_at END
            WHERE (p.content_hash IS DISTINCT FROM excluded.content_hash OR p.answer IS NULL AND excluded.answer IS NOT NULL)
              AND (p.last_updated_on IS NULL OR excluded.last_updated_on >= p.last_updated_on)
              AND (excluded.answer IS NOT NULL OR p.status = 'active' OR excluded.status = 'deactivated' OR p.deactivated_on IS NULL
                  OR greatest(excluded.last_updated_on, excluded.reactivated_on) >= p.deactivated_on)
            RETURNING xmax = 0 AS created, p.updated_at = $2 AS changed
        """;

    /// <summary>Marks deactivated what a CTE named news (npi, deactivated_on) holds, and wipes out nothing that is known. $1 is the source, $2 the moment.</summary>
    public const string Mark = """
        INSERT INTO providers AS p (npi, deactivated_on, status, source, created_at, updated_at)
            SELECT npi, deactivated_on, 'deactivated', $1, $2, $2 FROM news ORDER BY npi
            ON CONFLICT (npi) DO UPDATE SET status = 'deactivated', deactivated_on = coalesce(excluded.deactivated_on, p.deactivated_on), content_hash = NULL,
                source = excluded.source, updated_at = excluded.updated_at
            WHERE (p.status <> 'deactivated' OR p.deactivated_on IS DISTINCT FROM coalesce(excluded.deactivated_on, p.deactivated_on))
              AND (p.reactivated_on IS NULL OR excluded.deactivated_on IS NULL OR excluded.deactivated_on > p.reactivated_on)
            RETURNING xmax = 0 AS created
        """;
}
