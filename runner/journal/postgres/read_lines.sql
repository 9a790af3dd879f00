SELECT seq, convert_to(at, 'UTF8'), convert_to(person, 'UTF8'), convert_to(event, 'UTF8'), convert_to(run, 'UTF8'),
       convert_to(step, 'UTF8'), convert_to(body, 'UTF8'), convert_to(prev, 'UTF8'), convert_to(hash, 'UTF8')
FROM shisa.journal WHERE seq > %s AND (%s::text IS NULL OR run = %s) ORDER BY seq LIMIT %s
